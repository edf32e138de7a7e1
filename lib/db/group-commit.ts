import { isUnavailable } from './trouble'

const PATIENCE_MS = 10

type Waiting<T, R> = { item: T; resolve: (result: R) => void; reject: (error: unknown) => void }

/**
 * Lets concurrent callers share one transaction: what arrives while a group is being written forms the next one.
 * `run` writes a whole group and answers in order; when it throws, every member is run again alone, so that a bad one
 * harms no other. A database that is away fails the group at once.
 */
export class GroupCommit<T, R> {
  private waiting: Waiting<T, R>[] = []
  private running = 0
  private scheduled = false
  private patience: NodeJS.Timeout | undefined

  constructor(
    private readonly run: (items: T[]) => Promise<R[]>,
    private readonly limits: { maxSize: number; maxRunning: number; maxWaiting: number; worthwhile: number },
  ) {}

  /** Resolves after the commit. Rejects when the item failed alone, or at once when too many wait. */
  submit(item: T): Promise<R> {
    if (this.waiting.length >= this.limits.maxWaiting) return Promise.reject(new Error('too many calls are waiting'))
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject })
      this.schedule()
    })
  }

  // While a group is being written, one beside it must be worth its statements, or its callers must have waited a little.
  private schedule(): void {
    if (this.scheduled || this.waiting.length === 0 || this.running >= this.limits.maxRunning) return
    if (this.running === 0 || this.waiting.length >= this.limits.worthwhile) this.startSoon()
    else this.patience ??= setTimeout(() => this.startSoon(), PATIENCE_MS)
  }

  // Callers of the same turn of the event loop belong to one group.
  private startSoon(): void {
    clearTimeout(this.patience)
    this.patience = undefined
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.start()
    })
  }

  private start(): void {
    if (this.waiting.length === 0 || this.running >= this.limits.maxRunning) return
    const group = this.waiting.splice(0, this.limits.maxSize)
    this.running += 1
    void this.write(group).finally(() => {
      this.running -= 1
      this.schedule()
    })
    this.schedule()
  }

  private async write(group: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.run(group.map((waiting) => waiting.item))
      group.forEach((waiting, at) => {
        waiting.resolve(results[at] as R)
      })
    } catch (error) {
      if (group.length === 1 || isUnavailable(error)) {
        for (const waiting of group) waiting.reject(error)
        return
      }
      for (const waiting of group) await this.write([waiting])
    }
  }
}
