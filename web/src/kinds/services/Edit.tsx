import { App, Button, Drawer, Form } from 'antd'
import { useState } from 'react'
import type { InferenceService } from '../../api/generated'
import { INFERENCE_SERVICES } from '../../api/kinds'
import { merge } from '../../api/kube'
import { useSubmit } from '../../components/useSubmit'
import { useText } from '../../i18n'
import { draftOf, placeOf, specOf, type Draft } from './draft'
import { ServiceForm } from './Form'
import { patchOf } from './patch'

interface Props {
  service: InferenceService
  project: string
}

/** Another version, another number of servers, another way to take over: at the same address. */
export function EditService(props: Props) {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('services.edit')}</Button>
      {open && <Editor {...props} close={() => setOpen(false)} />}
    </>
  )
}

function Editor({ service, project, close }: Props & { close: () => void }) {
  const t = useText()
  const { message } = App.useApp()
  const [form] = Form.useForm<Draft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  // What stood there when the form was opened: what others change meanwhile stays theirs.
  const [before] = useState(service)
  const send = async (draft: Draft) => {
    const spec = patchOf(before.spec, specOf(draft, before.spec))
    const { name } = before.metadata
    if (!(await submit(() => merge(INFERENCE_SERVICES, project, name, { spec })))) return
    void message.success(t('services.changed'))
    close()
  }
  const footer = (
    <div className="row">
      <Button type="primary" loading={busy} onClick={() => form.submit()}>{t('action.save')}</Button>
      <Button onClick={close}>{t('action.cancel')}</Button>
    </div>
  )
  return (
    <Drawer open onClose={close} size={Math.min(760, innerWidth)} title={t('services.editOf', { name: before.metadata.name })} footer={footer}>
      <ServiceForm form={form} project={project} draft={draftOf(before)} named refusal={refusal} refused={t('services.changeRefused')} send={send} />
    </Drawer>
  )
}
