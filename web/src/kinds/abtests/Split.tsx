import { Link } from 'react-router'
import type { ABTest } from '../../api/generated'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { Status } from '../../components/Status'
import { at, useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { countedOf, portions, sharesOf, type Counted, type Variant } from './arms'
import { ShareBar } from './ShareBar'
import { useTints } from './useTints'
import { ChangeWeights } from './Weights'
import { portion } from './words'

interface Row {
  variant: Variant
  index: number
  share: number
  counted: Counted | undefined
}

/** Who gets what: as intended, and as it came. */
export function Split({ test }: { test: ABTest }) {
  const t = useText()
  const shares = sharesOf(test)
  const rows = test.spec.variants.map((variant, index): Row => ({ variant, index, share: shares[index] ?? 0, counted: countedOf(test, variant.name) }))
  const subjects = rows.map(({ counted }) => counted?.subjects ?? 0)
  const seen = subjects.some((count) => count > 0) ? portions(subjects) : undefined
  const seenWords = t(rows.some(({ counted }) => (counted?.subjectsBefore ?? 0) > 0) ? 'abtests.seenOverall' : 'abtests.seen')
  const parts = (of: number[]) => rows.map(({ variant }, index) => ({ name: variant.name, share: of[index] ?? 0 }))
  return (
    <Card className="span-12" title={t('abtests.split')} extra={<>{test.status?.mismatch && !test.status.mismatch.alarm && <span>{t('abtests.asIntended')}</span>}<ChangeWeights test={test} /></>}>
      <div className="splits">
        <span className="muted small">{t('abtests.intended')}</span><ShareBar parts={parts(shares)} label={t('abtests.intended')} />
        {seen && <><span className="muted small">{seenWords}</span><ShareBar parts={parts(seen)} label={seenWords} /></>}
      </div>
      <DataTable rows={rows} columns={useColumns()} rowKey={({ variant }) => variant.name} prefix="variants." empty={<Empty title={t('abtests.none')} />} />
    </Card>
  )
}

function useColumns(): Column<Row>[] {
  const t = useText()
  const tint = useTints()
  const project = useProject()
  return [
    { key: 'name', title: t('abtests.variant'), cell: ({ variant, index }) => <div className="wraps"><i className="swatch" style={{ background: tint(index) }} aria-hidden /><span className="strong">{variant.name}</span>{index === 0 && <span className="muted small"> {t('abtests.control')}</span>}</div> },
    { key: 'serves', title: t('services.serves'), cell: ({ variant, counted }) => <Serves project={project} service={counted?.service ?? variant.service} model={counted?.model ?? variant.model} /> },
    { key: 'ready', title: t('field.status'), cell: ({ counted }) => (counted ? <Status tone={counted.ready ? 'success' : 'warning'} label={t(counted.ready ? 'ready.yes' : 'ready.no')} /> : <span className="muted">—</span>) },
    { key: 'share', title: t('abtests.share'), align: 'right', sort: ({ share }) => share, cell: ({ share }) => portion(share) },
    { key: 'subjects', title: t('abtests.subjects'), align: 'right', sort: ({ counted }) => counted?.subjects, cell: ({ counted }) => number(counted?.subjects ?? 0, 0) },
    { key: 'requests', title: t('abtests.exposures'), align: 'right', sort: ({ counted }) => counted?.requests, cell: ({ counted }) => number(counted?.requests ?? 0, 0) },
    { key: 'failures', title: t('abtests.failures'), align: 'right', sort: ({ counted }) => counted?.failures, cell: ({ counted }) => <Failures counted={counted} /> },
  ]
}

function Serves({ project, service, model }: { project: string; service: string | undefined; model: string | undefined }) {
  const label = model?.replace('models:/', '')
  const name = label?.split(/[/@]/)[0]
  return (
    <div className="wraps">
      {service && <Link to={at(project, 'services', service)}>{service}</Link>}
      {label && name && <div className="small"><Link to={at(project, 'models', name)}>{label}</Link></div>}
    </div>
  )
}

function Failures({ counted }: { counted: Counted | undefined }) {
  const { failures = 0, requests = 0 } = counted ?? {}
  if (failures === 0) return <span className="muted">0</span>
  return <>{number(failures, 0)} <span className="muted small">{portion(failures / Math.max(1, requests))}</span></>
}
