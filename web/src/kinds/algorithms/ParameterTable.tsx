import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useLanguage, useText } from '../../i18n'
import { fieldsOf, rangeOf, textOf, type Field } from './schema'

/** What an algorithm takes, in the words of its schema. */
export function ParameterTable({ schema }: { schema: unknown }) {
  const t = useText()
  const { language } = useLanguage()
  const { fields, rest } = fieldsOf(schema, language)
  const columns: Column<Field>[] = [
    { key: 'name', title: t('field.name'), sort: ({ name }) => name, cell: ({ name, title, required }) => <><span className="mono strong">{name}</span>{required && <span className="tag tone-accent" style={{ marginLeft: 6 }}>{t('algorithms.required')}</span>}{title !== name && <div className="small">{title}</div>}</> },
    { key: 'type', title: t('algorithms.type'), cell: ({ kind, items }) => <span className="mono">{kind === 'list' ? `${items === 'text' ? 'string' : items}[]` : kind === 'text' ? 'string' : kind === 'choice' ? 'enum' : kind}</span> },
    { key: 'allowed', title: t('algorithms.allowed'), from: 'md', cell: (field) => <span className="mono wraps">{field.choices?.map(textOf).join(' | ') ?? (rangeOf(field) || field.pattern)}</span> },
    { key: 'default', title: t('algorithms.default'), cell: ({ fallback }) => fallback !== undefined && <span className="mono">{fallback === '' ? '""' : textOf(fallback)}</span> },
    { key: 'about', title: t('algorithms.description'), from: 'sm', width: '35%', cell: ({ description }) => <span className="muted">{description}</span> },
  ]
  return (
    <>
      <DataTable rows={fields} columns={columns} rowKey={({ name }) => name} prefix="parameters." empty={<Empty title={t('algorithms.noParameters')} />} />
      {rest.length > 0 && <p className="muted">{t('algorithms.onlyYaml', { names: rest.join(', ') })}</p>}
    </>
  )
}
