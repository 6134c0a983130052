import { SearchOutlined, SwapOutlined } from '@ant-design/icons'
import { Button, Input, Select } from 'antd'
import { useSearchParams } from 'react-router'
import type { Dataset } from '../../api/generated'
import { DIFFERENCES, useDiff, type Difference, type DiffPage } from '../../api/dataViews'
import { useVersions } from '../../api/versions'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { More } from '../../components/More'
import { Await, Empty } from '../../components/States'
import { useSettled } from '../../components/useSettled'
import { useText } from '../../i18n'
import { bytes, number } from '../../i18n/format'
import { DIFFERENCE, DIFFERENCE_TONE } from './words'

/** How two versions of a dataset differ. */
export function Compare({ dataset, project }: { dataset: Dataset; project: string }) {
  const t = useText()
  const { name } = dataset.metadata
  const latest = dataset.status?.latest ?? ''
  const versions = useVersions(project, name, latest)
  const all = versions.data ?? []
  const [from, setFrom] = useAddress('from', all[1]?.name ?? all[0]?.name ?? '')
  const [to, setTo] = useAddress('to', all[0]?.name ?? '')
  const [, setSearch] = useSearchParams()
  const swap = () => setSearch((before) => { const next = new URLSearchParams(before); next.set('from', to); next.set('to', from); return next }, { replace: true })
  const names = all.map((one) => ({ value: one.name, label: one.tags.length ? `${one.name} · ${one.tags.join(', ')}` : one.name }))
  return (
    <Await of={versions} rows={6}>
      {(known) => known.length < 2 ? <Card><Empty title={t('diff.tooFew')} hint={t('diff.tooFewHint')} /></Card> : (
        <div className="stack">
          <div className="row wrap">
            <Select value={from} onChange={setFrom} options={names} aria-label={t('diff.from')} style={{ minWidth: 110 }} popupMatchSelectWidth={false} />
            <Button icon={<SwapOutlined />} onClick={swap} aria-label={t('diff.swap')} title={t('diff.swap')} />
            <Select value={to} onChange={setTo} options={names} aria-label={t('diff.to')} style={{ minWidth: 110 }} popupMatchSelectWidth={false} />
          </div>
          <Differences project={project} dataset={name} from={from} to={to} />
        </div>
      )}
    </Await>
  )
}

function Differences({ project, dataset, from, to }: { project: string; dataset: string; from: string; to: string }) {
  const t = useText()
  const [kind, setKind] = useAddress('kind')
  const [words, setWords] = useAddress('diff.q')
  const found = useDiff(project, dataset, from, to, kind, useSettled(words))
  return (
    <Await of={found} rows={6}>
      {({ pages }) => {
        const [first] = pages
        if (!first) return null
        const differs = DIFFERENCES.some((one) => first.summary[one].files > 0)
        const entries = pages.flatMap((page) => page.entries)
        return (
          <>
            <Summary page={first} kind={kind} choose={(one) => setKind(one === kind ? '' : one)} />
            <Card title={t('diff.files')}>
              {!differs ? <Empty title={t('diff.same')} hint={t('diff.sameHint', { from, to })} /> : (
                <>
                  <div className="table-tools">
                    <Input allowClear prefix={<SearchOutlined />} placeholder={t('table.search')} aria-label={t('table.search')} value={words} onChange={(event) => setWords(event.target.value)} />
                    <Select value={kind} onChange={setKind} aria-label={t('diff.kind')} style={{ minWidth: 120 }}
                      options={[{ value: '', label: t('diff.all') }, ...DIFFERENCES.map((one) => ({ value: one, label: t(DIFFERENCE[one]) }))]} />
                  </div>
                  {entries.length === 0 ? <Empty title={t('diff.nothing')} /> : <Entries entries={entries} />}
                  <More of={found}>{t('diff.shown', { count: number(entries.length, 0) })}</More>
                </>
              )}
            </Card>
          </>
        )
      }}
    </Await>
  )
}

function Summary({ page: { summary }, kind, choose }: { page: DiffPage; kind: string; choose: (kind: Difference) => void }) {
  const t = useText()
  return (
    <div className="diff-summary numbers">
      {DIFFERENCES.map((one) => {
        const { files, bytesBefore, bytesAfter } = summary[one]
        return (
          <button type="button" key={one} className={`diff-sum tone-${files ? DIFFERENCE_TONE[one] : 'muted'}`} aria-pressed={kind === one} onClick={() => choose(one)}>
            <span className="small muted">{t(DIFFERENCE[one])}</span>
            <span className="big-number">{number(files, 0)}</span>
            <span className="small muted">{one === 'changed' ? `${bytes(bytesBefore)} → ${bytes(bytesAfter)}` : bytes(one === 'removed' ? bytesBefore : bytesAfter)}</span>
          </button>
        )
      })}
      <div className="diff-sum tone-muted">
        <span className="small muted">{t('diff.unchanged')}</span>
        <span className="big-number">{number(summary.unchanged.files, 0)}</span>
        <span className="small muted">{bytes(summary.unchanged.bytesAfter)}</span>
      </div>
    </div>
  )
}

function Entries({ entries }: { entries: DiffPage['entries'] }) {
  const t = useText()
  return (
    <ul className="diff-entries">
      {entries.map(({ kind, path, before, after }) => (
        <li key={`${kind}${path}`}>
          <span className={`tag tone-${DIFFERENCE_TONE[kind]}`}>{t(DIFFERENCE[kind])}</span>
          <span className="mono anywhere">{kind === 'renamed' && before && <span className="muted">{before.path} → </span>}{path}</span>
          <span className="muted numbers">{kind === 'changed' ? `${bytes(before?.size)} → ${bytes(after?.size)}` : bytes((after ?? before)?.size)}</span>
        </li>
      ))}
    </ul>
  )
}
