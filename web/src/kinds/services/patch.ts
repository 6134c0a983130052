type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The merge patch (RFC 7386) that makes `after` of `before`: only what differs, `null` where something goes. */
export function patchOf(before: object, after: object): Fields {
  const [was, is] = [before as Fields, after as Fields]
  const gone = Object.keys(was).filter((key) => !(key in is)).map((key) => [key, null])
  const other = Object.entries(is).flatMap(([key, value]) => {
    const old = was[key]
    if (JSON.stringify(old) === JSON.stringify(value)) return []
    if (!isFields(old) || !isFields(value)) return [[key, value]]
    const inner = patchOf(old, value)
    return Object.keys(inner).length > 0 ? [[key, inner]] : []
  })
  return Object.fromEntries([...gone, ...other] as [string, unknown][])
}
