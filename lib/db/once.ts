/** One value per process, also when a bundler loads a module twice (route handlers, instrumentation, pages). */
export function once<T>(name: string, make: () => T): T {
  const store = globalThis as unknown as { __deskOnce?: Map<string, unknown> }
  store.__deskOnce ??= new Map()
  if (!store.__deskOnce.has(name)) store.__deskOnce.set(name, make())
  return store.__deskOnce.get(name) as T
}
