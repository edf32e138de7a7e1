import type { Activity, Fields, Version } from './caller'
import type { KitName } from './kit'

/** Who wants something of the desk, and what: whoever plays the shop's stories provides it, at the time of each step. */
export type Stage = {
  /** A call of the marketplace, signed as of now. */
  call(version: Version, activity: Activity, fields: Fields): Promise<Told>
  kit(version: Version, name: KitName, fields: Fields): Promise<Told>
  /** `publicKey`: of the desk's private key, as PEM. */
  publicKey(): Promise<string>
  /** Something the stand-in marketplace is told to know or to do, see `/sandbox/control`. */
  control(document: object): Promise<void>
  /** What staff do with the licence of an order or of a device's application. */
  staff: {
    issue(about: string, license: string | { name: string; content: string }): Promise<void>
    deny(about: string, code: string, note: string): Promise<void>
    upload(about: string): Promise<void>
    know(codes: object[]): Promise<void>
    /** Both may end in a refusal of the marketplace, which is part of the story. */
    activate(code: string): Promise<void>
    query(code: string): Promise<void>
  }
}

export type Told = { resultCode: string | null; instanceId: string | null }

export type Step = { at: Date; play(stage: Stage): Promise<unknown> }

/** In order of time, and none of the future. */
export function inOrder(steps: Step[], until: Date): Step[] {
  return steps.filter(({ at }) => at < until).sort((a, b) => a.at.getTime() - b.at.getTime())
}
