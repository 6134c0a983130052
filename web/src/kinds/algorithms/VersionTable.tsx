import { Button, Input, Modal } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useCan } from '../../api/access'
import type { Algorithm } from '../../api/generated'
import { ALGORITHMS } from '../../api/kinds'
import { merge } from '../../api/kube'
import type { Listed } from '../../api/useKube'
import { Ago } from '../../components/Ago'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { trainWith } from './links'
import type { Version } from './versions'

interface Props {
  algorithm: Algorithm
  project: string
  versions: Listed<Version>
}

/** Every version: what it changed, who made it, and whether it should be used. */
export function VersionTable({ algorithm, project, versions }: Props) {
  const t = useText()
  const mayPatch = useCan('patch', ALGORITHMS, project)
  const { name } = algorithm.metadata
  const columns: Column<Version>[] = [
    { key: 'number', title: t('algorithms.version'), sort: (one) => one.number, cell: (one) => <><span className="strong mono">{one.name}</span>{one.deprecated && <><span className="tag tone-warning" style={{ marginLeft: 6 }}>{t('algorithms.deprecated')}</span><div className="muted small wraps">{one.deprecated}</div></>}</> },
    { key: 'changes', title: t('app.whatChanged'), from: 'sm', cell: (one) => <Changed version={one} /> },
    { key: 'when', title: t('app.whenWho'), sort: ({ time }) => time, cell: ({ time, by }) => <><Ago time={time} /><div className="muted small">{by}</div></> },
    {
      key: 'act', title: '', align: 'right',
      cell: (one) => (
        <div className="row wrap" style={{ justifyContent: 'flex-end' }}>
          {mayPatch && <Deprecate algorithm={algorithm} project={project} version={one} />}
          <Link to={trainWith(project, name, one.name)}><Button size="small" aria-label={`${t('algorithms.run')} ${one.name}`}>{t('algorithms.run')}</Button></Link>
        </div>
      ),
    },
  ]
  return (
    <Card>
      <DataTable rows={versions.data} error={versions.error} retry={versions.refetch} columns={columns} rowKey={(one) => one.name} order="number.desc" prefix="versions."
        empty={<Empty title={t('algorithms.noVersions')} />} />
    </Card>
  )
}

function Changed({ version: { changes, cause, number } }: { version: Version }) {
  const t = useText()
  return (
    <div className="wraps">
      {cause && <div>{cause}</div>}
      {changes.length === 0 ? number === 1 && <span className="muted">{t('algorithms.first')}</span> : <ul className="lines mono small">{changes.map((line) => <li key={line}>{line}</li>)}</ul>}
    </div>
  )
}

function Deprecate({ algorithm, project, version }: { algorithm: Algorithm; project: string; version: Version }) {
  const t = useText()
  const { busy, act } = useAct()
  const [asking, setAsking] = useState(false)
  const [reason, setReason] = useState('')
  const write = (with_: { version: string; reason: string }[]) => {
    const others = (algorithm.spec.deprecated ?? []).filter((one) => one.version !== version.name)
    // With the version that was read: what somebody else says meanwhile is not lost.
    return merge(ALGORITHMS, project, algorithm.metadata.name, { metadata: { resourceVersion: algorithm.metadata.resourceVersion }, spec: { deprecated: [...others, ...with_] } })
  }
  if (version.deprecated) return <Button size="small" disabled={busy} onClick={() => void act(() => write([]))}>{t('algorithms.restore')}</Button>
  return (
    <>
      <Button size="small" aria-label={`${t('algorithms.deprecate')} ${version.name}`} onClick={() => setAsking(true)}>{t('algorithms.deprecate')}</Button>
      <Modal open={asking} title={t('algorithms.deprecateAsk', { version: version.name })} okText={t('algorithms.deprecate')} cancelText={t('action.cancel')} confirmLoading={busy} okButtonProps={{ disabled: reason.trim() === '' }} onCancel={() => setAsking(false)}
        onOk={async () => { if (await act(() => write([{ version: version.name, reason: reason.trim() }]))) setAsking(false) }}>
        <p className="muted">{t('algorithms.deprecateWhat')}</p>
        <Input.TextArea aria-label={t('algorithms.deprecateWhy')} placeholder={t('algorithms.deprecateWhy')} rows={2} maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} />
      </Modal>
    </>
  )
}
