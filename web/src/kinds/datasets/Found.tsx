import { Switch } from 'antd'
import { Link } from 'react-router'
import { useFound, type FoundFile, type FoundVersion } from '../../api/dataViews'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { More } from '../../components/More'
import { Await } from '../../components/States'
import { useSettled } from '../../components/useSettled'
import { at } from '../../frame/useProject'
import { useText } from '../../i18n'
import { bytes } from '../../i18n/format'

/** What the words of the list's search box are in: tags and descriptions of versions, paths of files. */
export function Found({ project, words }: { project: string; words: string }) {
  const t = useText()
  const settled = useSettled(words.trim())
  const [all, setAll] = useAddress('all')
  const versions = useFound(project, settled, 'versions', false)
  const files = useFound(project, settled, 'files', all === '1')
  if (settled === '') return null
  return (
    <div className="grid" style={{ marginTop: 16 }}>
      <Card className="span-8" title={t('found.files', { words: settled })} extra={<label className="row"><Switch size="small" checked={all === '1'} onChange={(on) => setAll(on ? '1' : '')} aria-label={t('found.all')} />{t('found.all')}</label>}>
        <Await of={files}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.files?.items ?? [])
            return <>{items.length === 0 && !files.hasNextPage ? <p className="muted">{t('found.noFiles')}</p> : <Files project={project} items={items} />}<More of={files} /></>
          }}
        </Await>
      </Card>
      <Card className="span-4" title={t('found.versions')}>
        <Await of={versions}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.versions?.items ?? [])
            return <>{items.length === 0 && !versions.hasNextPage ? <p className="muted">{t('found.noVersions')}</p> : <Versions project={project} items={items} />}<More of={versions} /></>
          }}
        </Await>
      </Card>
    </div>
  )
}

function Files({ project, items }: { project: string; items: FoundFile[] }) {
  return (
    <ul className="found">
      {items.map(({ dataset, version, path, size }) => (
        <li key={`${dataset}/${version}/${path}`}>
          <Link className="mono anywhere" to={`${at(project, 'datasets', dataset, 'files')}?version=${version}&file=${encodeURIComponent(path)}`}>{path}</Link>
          <span className="muted small numbers"><Link to={at(project, 'datasets', dataset)}>{dataset}</Link> · {version} · {bytes(size)}</span>
        </li>
      ))}
    </ul>
  )
}

function Versions({ project, items }: { project: string; items: FoundVersion[] }) {
  return (
    <ul className="found">
      {items.map(({ dataset, version: { name, tags, description } }) => (
        <li key={`${dataset}/${name}`}>
          <span className="row wrap" style={{ gap: '2px 6px' }}>
            <Link to={`${at(project, 'datasets', dataset, 'files')}?version=${name}`}>{dataset} {name}</Link>
            {tags.map((tag) => <span className="tag tone-accelerator" key={tag}>{tag}</span>)}
          </span>
          {description && <span className="muted small found-words">{description}</span>}
        </li>
      ))}
    </ul>
  )
}
