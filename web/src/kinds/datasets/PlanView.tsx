import type { DataVersion, Plan } from '../../api/versions'
import { Ago } from '../../components/Ago'
import { DataTable, type Column } from '../../components/DataTable'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'

/** What a rule would remove now, what that frees, and what stays. */
export function PlanView({ plan }: { plan: Plan }) {
  const t = useText()
  const { keep, remove, freedFiles, freedBytes } = plan
  const tagged = keep.filter(({ why }) => why === 'tagged').map(({ version }) => version)
  const last = keep.filter(({ why }) => why === 'last').map(({ version }) => version)
  const columns: Column<DataVersion>[] = [
    { key: 'name', title: t('datasets.version'), sort: (one) => Number(one.name.slice(1)), cell: (one) => <span className="row wrap"><span className="strong">{one.name}</span>{one.tags.map((tag) => <span className="tag tone-warning" key={tag}>{tag}</span>)}</span> },
    { key: 'files', title: t('datasets.files'), align: 'right', sort: (one) => one.files, cell: (one) => number(one.files, 0) },
    { key: 'bytes', title: t('datasets.size'), align: 'right', sort: (one) => one.bytes, cell: (one) => bytes(one.bytes) },
    { key: 'at', title: t('field.created'), sort: (one) => one.createdAt, cell: (one) => <Ago time={one.createdAt} /> },
  ]
  return (
    <div className="stack tight plan">
      {remove.length === 0 ? <Notice tone="success" title={t('retention.nothing')} /> : (
        <>
          <Notice tone="warning" title={t('retention.goes', { count: remove.length })}>
            {freedBytes > 0 ? t('retention.frees', { size: bytes(freedBytes), count: number(freedFiles, 0) }) : t('retention.freesNothing')}
          </Notice>
          <DataTable rows={remove} columns={columns} rowKey={(one) => one.name} prefix="plan." order="name.desc" empty={null} />
        </>
      )}
      <p className="muted anywhere">
        {t('retention.stay', { names: last.join(', ') })}{tagged.length > 0 && <> {t('retention.stayTagged', { names: tagged.join(', ') })}</>}
      </p>
    </div>
  )
}
