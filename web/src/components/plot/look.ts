import type { Palette } from '../../theme/palette'
import { SANS } from '../../theme/tokens'

/** What all drawings of the house have in common. */

export const labelOf = (palette: Palette) => ({ color: palette.muted, fontSize: 11, fontFamily: SANS })

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`)

/** Shows the `tip` of what is under the pointer, which is HTML. */
export const tipOf = (palette: Palette) => ({
  trigger: 'item' as const,
  confine: true,
  backgroundColor: palette.raised,
  borderColor: palette.line,
  padding: [6, 10],
  textStyle: { color: palette.ink, fontSize: 12, fontFamily: SANS },
  formatter: (shown: unknown) => (shown as { data?: { tip?: string } }).data?.tip ?? '',
})

const channels = (colour: string): number[] => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))

/** A colour between two, both `#rrggbb`; `share` of the second. */
export function mixed(from: string, to: string, share: number): string {
  const [a, b] = [channels(from), channels(to)]
  return `#${a.map((value, at) => Math.round(value + ((b[at] ?? 0) - value) * share).toString(16).padStart(2, '0')).join('')}`
}
