import { Button, Select } from 'antd'
import { useState } from 'react'
import type { Pod } from '../../api/meta'
import { fetchedPart } from '../../components/fetched'
import { Notice } from '../../components/Notice'
import { Empty, ErrorWords, Loading } from '../../components/States'
import { useText, type Translate } from '../../i18n'
import type { End } from './session'

const Screen = fetchedPart(async () => (await import('./Screen')).Screen)

interface Props {
  project: string
  pods: Pod[]
}

interface Target {
  pod: string
  container: string
}

const keyOf = ({ pod, container }: Target) => `${pod}/${container}`

/** Running containers; the name of a pod says enough where it has one. */
function targetsOf(pods: Pod[]): (Target & { label: string })[] {
  return pods.filter((pod) => !pod.metadata.deletionTimestamp).flatMap((pod) => {
    const running = (pod.status?.containerStatuses ?? []).filter(({ state }) => state?.running)
    return running.map(({ name }) => ({ pod: pod.metadata.name, container: name, label: running.length > 1 ? `${pod.metadata.name} · ${name}` : pod.metadata.name }))
  })
}

/** A shell in one of an object's containers. */
export function Shell({ project, pods }: Props) {
  const t = useText()
  const targets = targetsOf(pods)
  const [chosen, choose] = useState<Target>()
  const [end, setEnd] = useState<End>()
  const [count, setCount] = useState(0)
  // It stays with the container that it began with, though that may be gone from the list.
  const target = chosen ?? targets[0]
  if (!chosen && target) choose(target)
  const again = (next: Target) => {
    choose(next)
    setEnd(undefined)
    setCount((before) => before + 1)
  }
  if (!target) return <Empty title={t('terminal.none')} hint={t('terminal.noneHint')} />
  const gone = end && !targets.some((one) => keyOf(one) === keyOf(target))
  return (
    <>
      <div className="row wrap spread" style={{ marginBottom: 10 }}>
        <Select aria-label={t('terminal.in')} value={keyOf(target)} popupMatchSelectWidth={false} style={{ minWidth: 220, maxWidth: '100%' }}
          options={targets.map((one) => ({ value: keyOf(one), label: one.label }))}
          onChange={(key) => { const next = targets.find((one) => keyOf(one) === key); if (next) again(next) }} />
        <span className="muted small">{t('terminal.hint')}</span>
      </div>
      {end && (
        <div className="notices">
          <Notice tone={end.error ? 'error' : 'muted'} title={endWords(t, end)}>
            {end.error && <ErrorWords error={end.error} />}
            {!gone && <Button size="small" onClick={() => again(target)}>{t('terminal.again')}</Button>}
          </Notice>
        </div>
      )}
      <Screen key={`${keyOf(target)}#${count}`} project={project} pod={target.pod} container={target.container} label={t('terminal.label')} ended={setEnd}
        instead={<Loading />} />
    </>
  )
}

function endWords(t: Translate, { code, error }: End): string {
  if (error) return t('terminal.failed')
  return code === undefined ? t('terminal.lost') : t('terminal.ended', { code })
}
