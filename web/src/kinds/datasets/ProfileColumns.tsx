import type { Profile, ProfiledColumn, Spread } from '../../api/dataViews'
import { DataTable, type Column } from '../../components/DataTable'
import { Histogram } from '../../components/Histogram'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'
import { dateTime, metric, number, percent } from '../../i18n/format'
import { bars, rangeOf } from './content'
import { typeWords } from './words'

/** One row for each column of a table. */
export function ProfileColumns({ profile }: { profile: Profile }) {
  const t = useText()
  const good = profile.rows - profile.badRows
  const shown: Column<ProfiledColumn>[] = [
    { key: 'name', title: t('profile.column'), sort: (one) => one.name, cell: (one) => <div className="profile-name"><span className="mono strong">{one.name}</span><div className="muted small"><Kinds of={one} /></div></div> },
    {
      key: 'missing', title: t('profile.missing'), align: 'right', sort: (one) => one.missing,
      cell: (one) => (one.missing === 0 ? <span className="muted">0</span> : <>{number(one.missing, 0)}<span className="muted small"> {percent(one.missing / Math.max(1, good))}</span></>),
    },
    { key: 'distinct', title: t('profile.distinct'), align: 'right', from: 'sm', sort: (one) => one.distinct, cell: (one) => `${one.distinctExact ? '' : '≈ '}${number(one.distinct, 0)}` },
    { key: 'range', title: t('profile.range'), from: 'sm', cell: (one) => <Range of={one} /> },
    { key: 'values', title: t('profile.values'), cell: (one) => <Values of={one} /> },
  ]
  return <DataTable rows={profile.columns} columns={shown} rowKey={(one) => one.name} text={(one) => one.name} prefix="columns." empty={<Empty title={t('files.noRows')} />} />
}

/** The type; of a mixed column, how many values are of which. */
function Kinds({ of }: { of: ProfiledColumn }) {
  const t = useText()
  const some = Object.entries(of.kinds).filter(([, count]) => count > 0)
  if (some.length < 2) return typeWords(t, of.type)
  return `${typeWords(t, of.type)} (${some.map(([kind, count]) => `${typeWords(t, kind)} ${number(count, 0)}`).join(', ')})`
}

function Range({ of }: { of: ProfiledColumn }) {
  const t = useText()
  const range = rangeOf(of)
  if (!range) return <span className="muted">—</span>
  const [from, to] = range
  const words = of.lengths ? t('profile.lengths', { from, to }) : `${from} – ${to}`
  return <div>{words}{of.numbers && <div className="muted small">{t('profile.mean', { mean: metric(of.numbers.mean), deviation: metric(of.numbers.deviation) })}</div>}</div>
}

/** From here on a few values say more than a curve. */
const FEW = 5
const TOP = 3

function Values({ of }: { of: ProfiledColumn }) {
  const t = useText()
  const spread = of.numbers ?? of.times
  if (spread && spread.histogram.length > 1 && of.distinct > FEW) return <Spreading of={spread} name={of.name} say={of.times ? dateTime : metric} />
  const { values, exact } = of.top
  if (values.length === 0) return <span className="muted">{of.values === 0 ? '—' : t('profile.noTop')}</span>
  return (
    <ul className="top-values">
      {values.slice(0, of.distinct <= FEW ? FEW : TOP).map(({ value, count }) => (
        <li key={value}>
          <span className="truncate" title={value}>{value}</span>
          <span className="muted small numbers">{exact ? '' : '≥ '}{number(count, 0)}</span>
          <i style={{ width: `${(count / Math.max(1, of.values)) * 100}%` }} />
        </li>
      ))}
    </ul>
  )
}

function Spreading({ of, name, say }: { of: Spread; name: string; say: (value: number) => string }) {
  const t = useText()
  const drawn = bars(of.histogram).map(({ bin, ...place }) => ({ ...place, said: `${say(bin.from)} – ${say(bin.to)}: ${number(bin.count, 0)}` }))
  return (
    <div className="spreading">
      <Histogram bars={drawn} label={t('profile.spread', { name, from: say(of.min), to: say(of.max) })} />
      <div className="muted small numbers">{t('profile.median', { median: say(of.quantiles.p50 ?? of.mean) })}</div>
    </div>
  )
}
