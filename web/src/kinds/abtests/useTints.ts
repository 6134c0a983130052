import { useTheme } from '../../theme/ThemeProvider'

/** The colour of each variant, by its place: grey is the control. Names say it, too. */
export function useTints(): (index: number) => string {
  const { palette } = useTheme()
  return (index) => (index === 0 ? palette.muted : (palette.series[(index - 1) % palette.series.length] ?? palette.accent))
}
