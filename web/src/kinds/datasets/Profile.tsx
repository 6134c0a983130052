import { useQueryClient } from '@tanstack/react-query'
import { Button, Progress } from 'antd'
import { useCan } from '../../api/access'
import { makeProfile, profileKey, stopProfile, useProfile, type Profile, type ProfileState, type Where } from '../../api/dataViews'
import { DATASETS } from '../../api/kinds'
import { Ago } from '../../components/Ago'
import { Notice } from '../../components/Notice'
import { Await, Empty } from '../../components/States'
import { useAct } from '../../components/useAct'
import { useText } from '../../i18n'
import { number } from '../../i18n/format'
import { ProfileColumns } from './ProfileColumns'

/** What the columns of a table hold: made when asked for, and kept for all. */
export function ProfileView({ where, as }: { where: Where; as: string }) {
  const t = useText()
  const client = useQueryClient()
  const known = useProfile(where, as)
  const mayMake = useCan('update', DATASETS, where.project)
  const { busy, act } = useAct()
  const make = () => act(async () => client.setQueryData(profileKey(where, as), await makeProfile(where, as)))
  const stop = () => act(async () => { await stopProfile(where, as); await known.refetch() })
  const button = mayMake && <Button type="primary" loading={busy} onClick={() => void make()}>{t('profile.make')}</Button>
  return (
    <Await of={known} rows={6}>
      {(state) => state.state === 'ready' ? <Made profile={state.profile} />
        : state.state === 'none' ? <Empty title={t('profile.none')} hint={t(mayMake === false ? 'profile.noneReader' : 'profile.noneHint')} action={button} />
        : state.state === 'failed' ? <Empty title={t('profile.failed')} hint={state.message} action={button} />
        : <Making state={state} stop={mayMake ? <Button size="small" disabled={busy} onClick={() => void stop()}>{t('profile.stop')}</Button> : null} />}
    </Await>
  )
}

type UnderWay = Extract<ProfileState, { state: 'waiting' | 'running' }>

function Making({ state, stop }: { state: UnderWay | { state: 'none' | 'waiting' }; stop: React.ReactNode }) {
  const t = useText()
  const running = state.state === 'running' ? state : undefined
  return (
    <div className="stack tight making" role="status">
      <p>{running ? t('profile.running', { rows: number(running.rows, 0) }) : t('profile.waiting')}</p>
      <Progress percent={Math.round((running?.done ?? 0) * 100)} status="active" aria-label={t('profile.title')} />
      <div>{stop}</div>
    </div>
  )
}

function Made({ profile }: { profile: Profile }) {
  const t = useText()
  const { rows, badRows, problems, columns, madeAt } = profile
  return (
    <div className="stack tight">
      <p className="muted small numbers">
        {t('profile.rows', { count: number(rows, 0) })} · {t('files.columns', { count: columns.length })} · {t('profile.made')} <Ago time={madeAt} />
      </p>
      {badRows > 0 && (
        <Notice tone="warning" title={t('profile.bad', { count: number(badRows, 0) })}>
          <ul className="lines">{problems.map(({ row, line, problem }) => <li key={row}>{t('files.badLine', { line })}: {problem}</li>)}</ul>
        </Notice>
      )}
      <ProfileColumns profile={profile} />
    </div>
  )
}
