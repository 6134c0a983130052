/**
 * The colours, once. CSS reads them as variables, Ant Design as tokens, charts
 * as strings. Blue is compute, teal accelerators; amber and red only for what
 * needs a person.
 */
export interface Palette {
  ground: string
  card: string
  raised: string
  line: string
  ink: string
  muted: string
  accent: string
  /** Accent as text: readable on ground and card. */
  link: string
  accelerator: string
  warning: string
  error: string
  success: string
  /** Text on a filled accent surface. */
  onAccent: string
  /** Further series of a chart, after accent and accelerator. */
  series: readonly string[]
}

export type Mode = 'light' | 'dark'

export const PALETTES: Record<Mode, Palette> = {
  light: {
    ground: '#f6f7f9',
    card: '#ffffff',
    raised: '#ffffff',
    line: '#e6e8ec',
    ink: '#161b26',
    muted: '#5d6779',
    accent: '#1f6feb',
    link: '#1a61d2',
    accelerator: '#0fa697',
    warning: '#b45309',
    error: '#d92d20',
    success: '#0e7a4b',
    onAccent: '#ffffff',
    series: ['#1f6feb', '#0fa697', '#7c5cfc', '#c2588b', '#64748b', '#b7791f'],
  },
  dark: {
    ground: '#0e1116',
    card: '#151a22',
    raised: '#1b212b',
    line: '#242b36',
    ink: '#e7ebf1',
    muted: '#8b96a8',
    accent: '#5b9bff',
    link: '#6ba5ff',
    accelerator: '#35c7b7',
    warning: '#f0a443',
    error: '#f97066',
    success: '#3ccb8a',
    onAccent: '#0b1220',
    series: ['#5b9bff', '#35c7b7', '#a48bff', '#e58ab4', '#94a3b8', '#e0b35a'],
  },
}

/** Writes the palette of `mode` as CSS variables onto the document. */
export function applyPalette(mode: Mode): void {
  const root = document.documentElement
  root.dataset.theme = mode
  root.style.colorScheme = mode
  for (const [name, value] of Object.entries(PALETTES[mode])) {
    if (typeof value === 'string') root.style.setProperty(`--${name}`, value)
  }
}
