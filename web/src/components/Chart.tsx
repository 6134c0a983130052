import { useTheme } from '../theme/ThemeProvider'
import { fetchedPart } from './fetched'
import { useAxis } from './plot/axis'
import type { Line, PlotProps } from './plot/Plot'

export type { Line }

const Plot = fetchedPart(async () => (await import('./plot/Plot')).Plot)

type Props = Omit<PlotProps, 'palette' | 'axis'> & { legend?: boolean }

/** Lines over time or steps. The drawing library is fetched when the first chart is. */
export function Chart({ legend = true, height = 200, ...rest }: Props) {
  const { palette } = useTheme()
  const shared = useAxis()
  const axis = rest.over === 'step' ? null : shared
  const named = rest.lines.filter((line) => line.name !== '')
  return (
    <div className="chart">
      {legend && named.length > 0 && (
        <div className="legend">
          {named.map((line) => (
            <span key={line.name} className="row" style={{ gap: 0 }}>
              <i style={{ ['--swatch' as string]: colourOf(line, rest.lines, palette.series) }} />
              {line.name}
            </span>
          ))}
        </div>
      )}
      <Plot {...rest} height={height} palette={palette} axis={axis} instead={<div style={{ height }} aria-busy />} />
    </div>
  )
}

function colourOf(line: Line, lines: Line[], series: readonly string[]): string {
  return line.colour ?? series[lines.indexOf(line) % series.length] ?? 'currentColor'
}
