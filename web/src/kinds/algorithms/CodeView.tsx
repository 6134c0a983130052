import { Select } from 'antd'
import { MOST_SHOWN, useCodeFiles, useCodeText } from '../../api/algorithms'
import { useAddress } from '../../components/address'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { Empty, Failure, Loading } from '../../components/States'
import { useText } from '../../i18n'
import { VersionSelect } from './VersionSelect'
import type { Version } from './versions'

/** The files of a version, to read. */
export function CodeView({ project, versions }: { project: string; versions: Version[] | undefined }) {
  const t = useText()
  const [chosen, setChosen] = useAddress('version')
  const [path, setPath] = useAddress('file')
  const version = versions?.find(({ name }) => name === chosen) ?? versions?.[0]
  const bundle = version?.spec.code?.bundle
  const files = useCodeFiles(project, bundle)
  const file = files.data?.find((one) => one.path === path) ?? files.data?.find((one) => /(^|\/)(main|train)\.py$/.test(one.path)) ?? files.data?.[0]
  const isShown = file !== undefined && file.size <= MOST_SHOWN
  const text = useCodeText(project, bundle, isShown ? file.path : undefined)
  if (!versions) return <Loading rows={6} />
  if (!version) return <Card><Empty title={t('algorithms.noVersions')} /></Card>
  const content = () => {
    if (!bundle) return <Empty title={t('algorithms.noCode')} />
    const error = files.error ?? text.error
    if (error) return <Failure error={error} retry={() => void files.refetch()} />
    if (!file) return <Loading rows={6} />
    if (!isShown) return <Empty title={t('algorithms.tooLong')} />
    if (text.data === undefined) return <Loading rows={6} />
    return text.data.includes('\0') ? <Empty title={t('algorithms.binary')} /> : <Code text={text.data} label={file.path} />
  }
  return (
    <Card>
      <div className="row wrap" style={{ marginBottom: 12 }}>
        <VersionSelect label={t('algorithms.version')} versions={versions} value={version.name} choose={setChosen} />
        {files.data && <Select aria-label={t('algorithms.files')} showSearch value={file?.path ?? null} style={{ minWidth: 220 }} options={files.data.map((one) => ({ value: one.path, label: one.path }))} onChange={(next: string) => setPath(next)} />}
      </div>
      {content()}
    </Card>
  )
}
