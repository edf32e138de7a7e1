/** What a template may say in braces, with a sample of each for the preview. */
export const samples: Record<string, string> = {
  instanceId: '0198f2c7a3b4',
  orderId: 'CS2603101530ABCDE',
  orderLineId: 'CS2603101530ABCDE-000001',
  productId: '00301-666666-0--0',
  skuCode: 'a1b2c3d4e5f6',
  customerId: '688055390f3049f2',
  customerName: 'Example Co',
  userId: 'b4b7c5d1',
  userName: 'buyer01',
  businessId: '87b94795060342e8',
}

export type TemplateFault = { kind: 'unknown'; name: string } | { kind: 'url' }

/** The template with samples in place of its placeholders. */
export function previewOf(template: string): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => samples[name] ?? whole)
}

/** The first thing wrong with a template; an address must become an http or https URL. Null when all is well. */
export function templateFault(template: string, isUrl: boolean): TemplateFault | null {
  const unknown = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').find((name) => !(name in samples))
  if (unknown !== undefined) return { kind: 'unknown', name: unknown }
  if (!isUrl || template.trim() === '') return null
  const address = previewOf(template.trim())
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? null : { kind: 'url' }
}

/** A new secret in the form of the Standard Webhooks rules: `whsec_` and 32 random bytes in base64. */
export function newWebhookSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return `whsec_${btoa(String.fromCharCode(...bytes))}`
}

/** Ids as somebody lists them: on lines of their own, or with commas or blanks between. */
export function idsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;、，；]+/u).filter(Boolean))]
}
