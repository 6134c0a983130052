export type Tone = 'accent' | 'success' | 'warning' | 'error' | 'accelerator' | 'muted'
