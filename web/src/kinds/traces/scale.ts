/** Powers of ten around the durations, in seconds. */
export function scaleOf(durations: number[]): { low: number; high: number; rules: number[] } {
  const positive = durations.filter((one) => one > 0)
  const low = Math.floor(Math.log10(Math.min(...positive, 1e3)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 1e-6))))
  return { low, high, rules: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)) }
}
