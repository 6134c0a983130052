import type { Application } from '../../api/generated'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useText } from '../../i18n'

interface Row {
  name: string
  value?: string
  /** Where it comes from, when it does not stand in the specification. */
  from?: string
}

function rowsOf({ spec }: Application): Row[] {
  const each = (spec.env ?? []).map(({ name, value, valueFrom }): Row => {
    const [config, secret, field] = [valueFrom?.configMapKeyRef, valueFrom?.secretKeyRef, valueFrom?.fieldRef?.fieldPath ?? valueFrom?.resourceFieldRef?.resource]
    const from = config ? `ConfigMap ${config.name}/${config.key}` : secret ? `Secret ${secret.name}/${secret.key}` : field
    return from ? { name, from } : { name, value: value ?? '' }
  })
  const all = (spec.envFrom ?? []).map(({ prefix = '', configMapRef, secretRef }): Row => ({ name: `${prefix}*`, from: configMapRef ? `ConfigMap ${configMapRef.name}` : `Secret ${secretRef?.name ?? ''}` }))
  return [...each, ...all]
}

/** Names and where values come from; what a Secret holds is never read here. */
export function VariablesCard({ app }: { app: Application }) {
  const t = useText()
  const columns: Column<Row>[] = [
    { key: 'name', title: t('field.name'), sort: ({ name }) => name, cell: ({ name }) => <span className="mono anywhere">{name}</span> },
    { key: 'value', title: t('app.valueOrFrom'), cell: ({ value, from }) => <div className="wraps">{from ? <span className="tag">{from}</span> : <span className="mono anywhere">{value || '—'}</span>}</div> },
  ]
  return (
    <Card className="span-6" title={t('appForm.variables')}>
      <DataTable rows={rowsOf(app)} columns={columns} rowKey={({ name, from }) => `${name} ${from ?? ''}`} prefix="env." empty={<Empty title={t('app.noVariables')} />} />
    </Card>
  )
}
