import { useQueries } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { rangedOptions, type Labels, type Series } from '../api/prom'
import { Card } from '../components/Card'
import { Chart, type Line } from '../components/Chart'
import { useRange, useTravel } from '../components/range'
import { Empty, Failure, Loading } from '../components/States'
import { at } from '../frame/useProject'
import { useText } from '../i18n'
import { amount } from '../i18n/format'
import { linesOf } from './Usage'

/** One question, and how its answers are drawn. */
export interface Curve extends Partial<Omit<Line, 'name' | 'points'>> {
  query: string
  name: (labels: Labels) => string
  /** Another colour for each of its lines. */
  tint?: (labels: Labels) => string | undefined
}

interface Props {
  title: string
  curves: Curve[]
  className?: string
  format?: (value: number) => string
  binary?: boolean
  whole?: boolean
  top?: number
  limit?: { value: number; label: string } | undefined
  /** Beside the title, out of the newest values. */
  extra?: ((newest: (curve: number) => number | undefined) => ReactNode) | undefined
  empty?: ReactNode
  height?: number
}

const finite = (lines: Line[]) => lines.map((line) => ({ ...line, points: line.points.filter(([, value]) => Number.isFinite(value)) })).filter((line) => line.points.length > 0)
const MANY = 8

/** Curves over the time range of the page, with the way to ask further. */
export function Panel({ title, curves, className = 'span-6', format = amount, extra, empty, limit, ...rest }: Props) {
  const t = useText()
  const { seconds, end } = useRange()
  const answers = useQueries({ queries: curves.map(({ query }) => rangedOptions(query, seconds, end)) })
  const lines = finite(answers.flatMap(({ data }, index) => linesFor(data, curves[index])))
  const failed = answers.find((one) => one.error && !one.data)
  const newest = (curve: number) => answers[curve]?.data?.[0]?.points.findLast(([, value]) => Number.isFinite(value))?.[1]
  return (
    <Card className={className} title={title} extra={<>{extra?.(newest)}<Further curves={curves} title={title} /></>}>
      {lines.length > 0 ? <Chart label={title} lines={lines} format={format} legend={lines.length <= MANY} {...(limit && { limit })} {...rest} />
        : failed?.error ? <Failure error={failed.error} retry={failed.refetch} />
        : answers.some((one) => one.isPending) ? <Loading />
        : (empty ?? <Empty title={t('usage.none')} hint={t('panel.noneHint')} />)}
    </Card>
  )
}

function linesFor(series: Series[] | undefined, curve: Curve | undefined): Line[] {
  if (!curve) return []
  const { query: _query, name, tint, ...extra } = curve
  const lines = linesOf(series, name, extra)
  return lines.map((line, index) => {
    const colour = tint?.(series?.[index]?.labels ?? {})
    return colour ? { ...line, colour } : line
  })
}

/** The same questions in Explore, to be changed there. */
function Further({ curves, title }: { curves: Curve[]; title: string }) {
  const t = useText()
  const travel = useTravel()
  const { project } = useParams()
  const words = curves.map(({ query }) => `expr=${encodeURIComponent(query)}`).join('&')
  return <Link to={travel(`${project ? at(project, 'explore') : '/explore'}?${words}`)} aria-label={t('panel.explore', { title })}>{t('nav.explore')}</Link>
}
