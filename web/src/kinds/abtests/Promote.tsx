import { App, Button, Modal, Radio } from 'antd'
import { useState } from 'react'
import { useCan } from '../../api/access'
import type { ABTest } from '../../api/generated'
import { AB_TESTS } from '../../api/kinds'
import { merge } from '../../api/kube'
import { Code } from '../../components/Code'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useProject } from '../../frame/useProject'
import { useText } from '../../i18n'
import { controlOf, countedOf, leaderOf, targetOf } from './arms'
import { promoteLine } from './command'

interface Props {
  test: ABTest
  /** Chosen to begin with; whoever leads, when absent. */
  variant?: string | undefined
  primary?: boolean
}

/** Gives everybody one variant, and ends the test: asks first, and says what it does. */
export function Promote({ test, variant, primary = false }: Props) {
  const t = useText()
  const project = useProject()
  const [open, setOpen] = useState(false)
  const mayPatch = useCan('patch', AB_TESTS, project)
  if (!mayPatch || test.spec.promote) return null
  const label = variant ? t('abtests.promoteOne', { variant }) : t('abtests.promote')
  return (
    <>
      <Button {...(primary && { type: 'primary' as const })} onClick={() => setOpen(true)}><span className="truncate" style={{ maxWidth: 260 }}>{label}</span></Button>
      {open && <Dialog test={test} project={project} first={variant ?? leaderOf(test)?.variant ?? controlOf(test)} close={() => setOpen(false)} />}
    </>
  )
}

function Dialog({ test, project, first, close }: { test: ABTest; project: string; first: string; close: () => void }) {
  const t = useText()
  const { message } = App.useApp()
  const [variant, choose] = useState(first)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const { name } = test.metadata
  const promote = async () => {
    setBusy(true)
    setError(null)
    try {
      await merge(AB_TESTS, project, name, { spec: { promote: variant } })
      void message.success(t('abtests.promoting', { variant }))
      close()
    } catch (cause) {
      setError(cause as Error)
      setBusy(false)
    }
  }
  const isOpen = test.status?.decision?.winner !== variant
  return (
    <Modal open title={t('abtests.promoteAsk', { name })} okText={t('abtests.promoteOne', { variant })} cancelText={t('action.cancel')} confirmLoading={busy} onOk={() => void promote()} onCancel={close}>
      <div className="stack tight">
        <Radio.Group value={variant} onChange={(event) => choose(String(event.target.value))} aria-label={t('abtests.variant')}
          options={test.spec.variants.map((one) => ({ value: one.name, label: <span className="anywhere">{one.name}{one.name === test.status?.decision?.winner && <> <span className="tag tone-success">{t('abtests.winner')}</span></>}</span> }))} />
        <p className="anywhere">{consequence(t, test, variant)}</p>
        <p className="muted">{t('abtests.promoteEnds')}</p>
        {isOpen && <Notice tone="warning">{t('abtests.promoteOpen', { variant })}</Notice>}
        <Code text={promoteLine(test, variant)} wrap label={t('abtests.command')} />
        {error && <Notice tone="error" title={t('abtests.refused')}><ErrorWords error={error} /></Notice>}
      </div>
    </Modal>
  )
}

/** What becomes of the service whose place the test takes. */
function consequence(t: ReturnType<typeof useText>, test: ABTest, variant: string): string {
  const target = targetOf(test)
  const counted = countedOf(test, variant)
  const served = (counted?.model ?? test.spec.variants.find(({ name }) => name === variant)?.model ?? counted?.service ?? variant).replace('models:/', '')
  if (counted?.service !== undefined && counted.service === target) return t('abtests.promoteStays', { target })
  return target ? t('abtests.promoteInto', { target, served }) : t('abtests.promoteAddress', { variant, served })
}
