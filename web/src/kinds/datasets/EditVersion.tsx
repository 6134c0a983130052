import { useQueryClient } from '@tanstack/react-query'
import { Button, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { describeVersion, removeTag, setTag, versionsKey, type DataVersion } from '../../api/versions'
import { Notice } from '../../components/Notice'
import { ErrorWords } from '../../components/States'
import { useText } from '../../i18n'
import { tagChanges } from './content'

interface Props {
  project: string
  dataset: string
  version: DataVersion
  /** All versions, to say from which a tag is taken. */
  all: DataVersion[]
}

/** Tags of a version, and what is said of it. */
export function EditVersion(props: Props) {
  const t = useText()
  const [open, setOpen] = useState(false)
  const { name } = props.version
  return (
    <>
      <Button size="small" aria-label={t('versions.editOf', { version: name })} onClick={() => setOpen(true)}>{t('versions.edit')}</Button>
      <Modal open={open} onCancel={() => setOpen(false)} title={t('versions.editOf', { version: name })} footer={null} destroyOnHidden>
        <Editor {...props} close={() => setOpen(false)} />
      </Modal>
    </>
  )
}

function Editor({ project, dataset, version, all, close }: Props & { close: () => void }) {
  const t = useText()
  const client = useQueryClient()
  const [tags, setTags] = useState(version.tags)
  const [description, setDescription] = useState(version.description)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const { set, removed } = tagChanges(version.tags, tags)
  const others = all.filter((one) => one.name !== version.name)
  const moved = set.flatMap((tag) => {
    const from = others.find((one) => one.tags.includes(tag))
    return from ? [t('versions.moves', { tag, version: from.name })] : []
  })
  const save = async () => {
    setBusy(true)
    setError(null)
    try {
      await Promise.all([
        ...set.map((tag) => setTag(project, dataset, tag, version.name)),
        ...removed.map((tag) => removeTag(project, dataset, tag)),
        ...(description === version.description ? [] : [describeVersion(project, dataset, version.name, description)]),
      ])
      close()
    } catch (cause) {
      setError(cause as Error)
    } finally {
      // Of several changes some may have worked.
      await client.invalidateQueries({ queryKey: versionsKey(project, dataset) })
      setBusy(false)
    }
  }
  const known = others.flatMap((one) => one.tags.map((tag) => ({ value: tag, label: `${tag} (${one.name})` })))
  return (
    <form className="stack tight edit-version" onSubmit={(event) => { event.preventDefault(); void save() }}>
      <label htmlFor="version-tags">{t('datasets.tags')}</label>
      <Select id="version-tags" mode="tags" value={tags} onChange={setTags} options={known} placeholder={t('versions.tagsHint')} tokenSeparators={[',']} optionLabelProp="value" />
      {moved.length > 0 && <p className="muted small">{moved.join(' ')}</p>}
      <label htmlFor="version-description">{t('field.description')}</label>
      <Input.TextArea id="version-description" rows={4} value={description} onChange={(event) => setDescription(event.target.value)} />
      {error && <Notice tone="error" title={t('state.failed')}><ErrorWords error={error} /></Notice>}
      <div className="row end">
        <Button onClick={close}>{t('action.cancel')}</Button>
        <Button type="primary" htmlType="submit" loading={busy}>{t('action.save')}</Button>
      </div>
    </form>
  )
}
