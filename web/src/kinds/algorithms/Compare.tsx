import { useCodeFiles, type CodeFile } from '../../api/algorithms'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { DataTable, type Column } from '../../components/DataTable'
import { Empty, Failure, Loading } from '../../components/States'
import { useText, type MessageKey } from '../../i18n'
import { between, type Difference } from '../applications/releases'
import { ChangedFile } from './ChangedFile'
import { VersionSelect } from './VersionSelect'
import type { Version } from './versions'

type Way = 'fileAdded' | 'fileRemoved' | 'fileChanged'
const WAY: Record<Way, MessageKey> = { fileAdded: 'algorithms.fileAdded', fileRemoved: 'algorithms.fileRemoved', fileChanged: 'algorithms.fileChanged' }

/** Which files differ between two bundles. */
export function filesBetween(old: CodeFile[], next: CodeFile[]): { path: string; way: Way }[] {
  const [before, after] = [new Map(old.map((one) => [one.path, one.digest])), new Map(next.map((one) => [one.path, one.digest]))]
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().flatMap((path): { path: string; way: Way }[] => {
    if (!before.has(path)) return [{ path, way: 'fileAdded' }]
    if (!after.has(path)) return [{ path, way: 'fileRemoved' }]
    return before.get(path) === after.get(path) ? [] : [{ path, way: 'fileChanged' }]
  })
}

/** Two versions side by side: their specs, and the lines of their code. */
export function Compare({ project, versions }: { project: string; versions: Version[] | undefined }) {
  const t = useText()
  const [from, setFrom] = useAddress('from')
  const [to, setTo] = useAddress('to')
  const next = versions?.find(({ name }) => name === to) ?? versions?.[0]
  const old = versions?.find(({ name }) => name === from) ?? versions?.[1] ?? next
  if (!versions) return <Loading rows={6} />
  if (!old || !next) return <Card><Empty title={t('algorithms.noVersions')} /></Card>
  const rows = between(old.spec, next.spec)
  const columns: Column<Difference>[] = [
    { key: 'path', title: t('app.whatChanged'), sort: ({ path }) => path, cell: ({ path }) => <span className="mono">{path}</span> },
    { key: 'was', title: t('algorithms.was'), cell: ({ was }) => <span className="mono wraps">{was ?? '—'}</span> },
    { key: 'is', title: t('algorithms.is'), cell: ({ is }) => <span className="mono wraps">{is ?? '—'}</span> },
  ]
  return (
    <div className="stack">
      <Card>
        <div className="row wrap" style={{ marginBottom: 12 }}>
          <span>{t('algorithms.from')}</span><VersionSelect label={t('algorithms.from')} versions={versions} value={old.name} choose={setFrom} />
          <span>{t('algorithms.to')}</span><VersionSelect label={t('algorithms.to')} versions={versions} value={next.name} choose={setTo} />
        </div>
        <DataTable rows={rows} columns={columns} rowKey={({ path }) => path} order="path" prefix="spec." empty={<Empty title={t('algorithms.same')} />} />
      </Card>
      <Files project={project} old={old} next={next} />
    </div>
  )
}

function Files({ project, old, next }: { project: string; old: Version; next: Version }) {
  const t = useText()
  const [was, is] = [old.spec.code?.bundle, next.spec.code?.bundle]
  const before = useCodeFiles(project, was)
  const after = useCodeFiles(project, is)
  if (was === is) return null
  const failed = before.error ? before : after
  const isThere = (before.data || !was) && (after.data || !is)
  const files = filesBetween(before.data ?? [], after.data ?? [])
  return (
    <Card title={t('algorithms.files')}>
      {failed.error && <Failure error={failed.error} retry={() => void failed.refetch()} />}
      {!failed.error && !isThere && <Loading rows={3} />}
      {!failed.error && isThere && (
        <div className="diff">
          {files.map(({ path, way }) => (
            <section key={path} aria-label={path}>
              <h3><span className="mono anywhere">{path}</span> <span className="muted">{t(WAY[way])}</span></h3>
              <ChangedFile project={project} path={path} was={{ bundle: was, file: before.data?.find((one) => one.path === path) }} is={{ bundle: is, file: after.data?.find((one) => one.path === path) }} />
            </section>
          ))}
        </div>
      )}
    </Card>
  )
}
