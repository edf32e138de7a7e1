/** Next calls this once, before it serves anything. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { boot, bootPages } = await import('./lib/boot')
  const { inPages } = await import('./lib/threads')
  await (inPages ? bootPages() : boot())
}
