import { Input, Select } from 'antd'
import { useEffect, useState } from 'react'
import { Link } from 'react-router'
import { LEVELS } from '../api/logs'
import { useAddress } from '../components/address'
import { Empty, Failure, Loading } from '../components/States'
import { at } from '../frame/useProject'
import { useText } from '../i18n'
import { LogLines } from './LogLines'
import { TailMark } from './TailMark'
import { useTail } from './useTail'

interface Props {
  project: string
  app: string
  pods: string[]
  /** First moment that can have lines. */
  from: string | undefined
  running: boolean
  /** A short view without tools, for the overview. */
  brief?: boolean
  /** What to say where there is no pod; that none was started yet, when absent. */
  noPod?: string | undefined
}

const LINES = 500
const BRIEF_LINES = 60
const POD = ['pod']
const NONE: string[] = []

/** The last lines of a program arrive a moment after its end is known. */
const LINGER_MS = 5000

function useLingering(running: boolean): boolean {
  const [on, setOn] = useState(running)
  useEffect(() => {
    const timer = setTimeout(() => setOn(running), running ? 0 : LINGER_MS)
    return () => clearTimeout(timer)
  }, [running])
  return on || running
}

/** The logs of an object's pods, streaming while it runs. */
export function ObjectLogs({ project, app, pods, from, running, brief = false, noPod }: Props) {
  const t = useText()
  const [level, setLevel] = useAddress('level')
  const [text, setText] = useAddress('text')
  const [yesterday] = useState(() => Date.now() - 86_400_000)
  const start = from ? Date.parse(from) - 60_000 : yesterday
  const filter = { namespace: project, pods, ...(!brief && level && { level }), ...(!brief && text && { text }) }
  const follow = useLingering(running)
  const tail = useTail({ filter, from: start, size: brief ? BRIEF_LINES : LINES, follow })
  const body = tail.error ? <Failure error={tail.error} />
    : tail.lines.length > 0 ? <LogLines lines={tail.lines} label={t('tab.logs')} marked={brief ? '' : text} columns={pods.length > 1 && !brief ? POD : NONE} follow className={brief ? 'short' : 'tall'} />
    : !tail.loaded ? <Loading />
    : <Empty title={t('logs.none')} hint={pods.length === 0 ? (noPod ?? t('logs.noPod')) : running ? t('logs.noneYet') : t('logs.noneHint')} />
  if (brief) return body
  return (
    <>
      <div className="row wrap spread" style={{ marginBottom: 10 }}>
        <div className="row wrap">
          <Input.Search allowClear placeholder={t('logs.text')} aria-label={t('logs.text')} defaultValue={text} onSearch={setText} style={{ width: 240 }} />
          <Select value={level} aria-label={t('logs.level')} onChange={setLevel} style={{ width: 120 }}
            options={[{ value: '', label: t('logs.anyLevel') }, ...LEVELS.map((one) => ({ value: one, label: one.toUpperCase() }))]} />
        </div>
        <div className="row">
          <TailMark state={tail.state} />
          <Link to={`${at(project, 'logs')}?app=${encodeURIComponent(app)}`}>{t('logs.ofApp', { app })}</Link>
        </div>
      </div>
      {body}
    </>
  )
}
