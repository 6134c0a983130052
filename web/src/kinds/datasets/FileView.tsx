import { Segmented, Select } from 'antd'
import { Link, useSearchParams } from 'react-router'
import { fileAddress } from '../../api/data'
import { usePreview, type Where } from '../../api/dataViews'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { Await } from '../../components/States'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'
import { Preview } from './Preview'
import { ProfileView } from './Profile'

const TABLES = ['csv', 'jsonl', 'parquet']
const FORMATS = [...TABLES, 'text', 'image', 'binary']

/** One file of a version: a look at it, and what its columns hold. */
export function FileView({ where }: { where: Where }) {
  const t = useText()
  const [search] = useSearchParams()
  const [view, setView] = useAddress('view', 'preview')
  const [as, setAs] = useAddress('as')
  const preview = usePreview(where, as)
  const back = new URLSearchParams(search)
  for (const word of ['file', 'view', 'as', 'columns.q', 'columns.sort']) back.delete(word)
  const [first] = preview.data?.pages ?? []
  const isTable = first !== undefined && TABLES.includes(first.format)
  const format = as || first?.format
  return (
    <div className="stack">
      <div className="row wrap spread">
        <div className="row wrap" style={{ gap: '4px 12px' }}>
          <Link to={`?${back}`}>{t('files.all')}</Link>
          <h2 className="mono anywhere file-name">{where.path}</h2>
          <span className="muted small numbers">{where.version}{first && <> · {bytes(first.file.size)}</>}</span>
        </div>
        <div className="row wrap">
          {isTable && <Segmented value={view} onChange={setView} options={[{ value: 'preview', label: t('files.preview') }, { value: 'profile', label: t('profile.title') }]} />}
          <Select value={format ?? ''} onChange={setAs} aria-label={t('files.readAs')} style={{ width: 120 }} options={FORMATS.map((one) => ({ value: one, label: t('files.as', { format: one }) }))} />
          <a className="ant-btn ant-btn-default download" download href={fileAddress(where.project, where.dataset, where.version, where.path)}>{t('files.download')}</a>
        </div>
      </div>
      <Card>
        {isTable && view === 'profile' ? <ProfileView where={where} as={as} /> : <Await of={preview} rows={8}>{({ pages }) => <Preview pages={pages} more={preview} where={where} />}</Await>}
      </Card>
    </div>
  )
}
