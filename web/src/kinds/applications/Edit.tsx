import { App, Button, Drawer, Form } from 'antd'
import { useState } from 'react'
import type { Application } from '../../api/generated'
import { APPLICATIONS } from '../../api/kinds'
import { merge } from '../../api/kube'
import { useSubmit } from '../../components/useSubmit'
import { useText } from '../../i18n'
import { patchOf } from '../services/patch'
import { CAUSE, draftOf, specOf, type Draft } from './draft'
import { ApplicationForm } from './Form'
import { placeOf } from './place'

interface Props {
  app: Application
  project: string
}

/** A change of the program is a new release, at the same address. */
export function EditApplication(props: Props) {
  const t = useText()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t('services.edit')}</Button>
      {open && <Editor {...props} close={() => setOpen(false)} />}
    </>
  )
}

function Editor({ app, project, close }: Props & { close: () => void }) {
  const t = useText()
  const { message } = App.useApp()
  const [form] = Form.useForm<Draft>()
  const { busy, refusal, submit } = useSubmit(form, placeOf)
  // What stood there when the form was opened: what others change meanwhile stays theirs.
  const [before] = useState(app)
  const send = async (draft: Draft) => {
    const spec = patchOf(before.spec, specOf(draft, before.spec))
    const metadata = { annotations: { [CAUSE]: draft.why || null } }
    if (!(await submit(() => merge(APPLICATIONS, project, before.metadata.name, { metadata, spec })))) return
    void message.success(t('app.changed'))
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
      <ApplicationForm form={form} project={project} draft={draftOf(before)} named refusal={refusal} refused={t('services.changeRefused')} send={send} />
    </Drawer>
  )
}
