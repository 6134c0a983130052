import { Button } from 'antd'
import { useState } from 'react'
import type { Approval, Approvals, Verb } from '../../api/approvals'
import { Ago } from '../../components/Ago'
import { Notice } from '../../components/Notice'
import { useText } from '../../i18n'
import { change, openOf, whyNot } from './approval'
import { Decide, WORDS } from './Decide'

/** What waits for a decision, for those who decide and for those who wait. */
export function OpenRequests({ project, name, approvals }: { project: string; name: string; approvals: Approvals | undefined }) {
  const t = useText()
  const [deciding, choose] = useState<{ request: Approval; verb: Verb }>()
  const open = openOf(approvals, name)
  if (!approvals || open.length === 0) return null
  return (
    <div className="stack" style={{ marginBottom: 'var(--gap)' }}>
      {open.map((one) => (
        <Notice key={one.id} tone="warning" title={t('approvals.waiting', { user: one.requested_by, alias: one.alias, change: change(t, one) })}>
          <p style={{ whiteSpace: 'pre-wrap', margin: '2px 0' }}>{one.reason}</p>
          <Ago time={one.requested_at} />
          {one.stale && <p className="strong">{t('approvals.stale')}</p>}
          <Buttons request={one} approvals={approvals} choose={(verb) => choose({ request: one, verb })} />
        </Notice>
      ))}
      {deciding && <Decide project={project} {...deciding} close={() => choose(undefined)} />}
    </div>
  )
}

function Buttons({ request, approvals, choose }: { request: Approval; approvals: Approvals; choose: (verb: Verb) => void }) {
  const t = useText()
  const reason = whyNot(request, approvals)
  const mine = request.requested_by === approvals.user
  const verbs: Verb[] = [...(reason ? [] : (['approve', 'reject'] as const)), ...(mine ? (['withdraw'] as const) : [])]
  return (
    <div className="row wrap" style={{ marginTop: 6 }}>
      {verbs.map((verb) => (
        <Button key={verb} size="small" type={verb === 'approve' ? 'primary' : 'default'} danger={verb === 'reject'} disabled={verb === 'approve' && request.stale} onClick={() => choose(verb)}>
          {t(WORDS[verb])}
        </Button>
      ))}
      {reason && <span>{t(reason)}</span>}
    </div>
  )
}
