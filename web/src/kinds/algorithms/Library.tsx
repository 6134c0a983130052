import { App, Button, Drawer, Form, Input, Modal } from 'antd'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useCan } from '../../api/access'
import { addFromLibrary, useLibrary, type LibraryWork } from '../../api/algorithms'
import { ALGORITHMS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Card } from '../../components/Card'
import { Code } from '../../components/Code'
import { PageHead } from '../../components/PageHead'
import { ErrorWords, Failure, Loading } from '../../components/States'
import { Tabs } from '../../components/Tabs'
import { at, useProject } from '../../frame/useProject'
import { useLanguage, useText } from '../../i18n'
import { fieldsOf } from './schema'
import { wordsOf } from './versions'

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** The algorithms that come with dais. */
export function AlgorithmLibrary() {
  const t = useText()
  const project = useProject()
  const library = useLibrary()
  const own = useList(ALGORITHMS, { namespace: project })
  const mayAdd = useCan('create', ALGORITHMS, project)
  const [adding, setAdding] = useState<LibraryWork>()
  const [reading, setReading] = useState<LibraryWork>()
  const there = new Set(own.data?.map(({ metadata }) => metadata.name))
  const head = <PageHead title={t('algorithms.library')} crumb={<Link to={at(project, 'algorithms')}>{t('nav.algorithms')}</Link>} facts={[t('algorithms.libraryFacts')]} />
  if (!library.data) return <>{head}{library.error ? <Failure error={library.error} retry={library.refetch} /> : <Loading rows={6} />}</>
  return (
    <>
      {head}
      <div className="grid">
        {library.data.map((work) => (
          <Work key={work.name} work={work} there={there.has(work.name)} read={() => setReading(work)} {...(mayAdd && { add: () => setAdding(work) })} />
        ))}
      </div>
      {adding && <Add work={adding} project={project} taken={there} close={() => setAdding(undefined)} />}
      {reading && <Reading work={reading} close={() => setReading(undefined)} />}
    </>
  )
}

interface WorkProps {
  work: LibraryWork
  there: boolean
  read: () => void
  add?: () => void
}

function Work({ work, there, read, add }: WorkProps) {
  const t = useText()
  const { language } = useLanguage()
  const project = useProject()
  const { title, description } = wordsOf(work.algorithm, language)
  const { fields } = fieldsOf(work.algorithm.spec.parameters, language)
  return (
    <Card className="span-6" title={title} extra={there && <Link className="tag tone-success" to={at(project, 'algorithms', work.name)}>{t('algorithms.there')}</Link>}>
      <div className="stack tight">
        <p>{description}</p>
        <p className="muted small">{fields.map((field) => field.title).join(' · ')}</p>
        <div className="row">
          {add && <Button type={there ? 'default' : 'primary'} aria-label={`${t('algorithms.add')}: ${title}`} onClick={add}>{t('algorithms.add')}</Button>}
          <Button aria-label={`${t('algorithms.readCode')}: ${title}`} onClick={read}>{t('algorithms.readCode')}</Button>
        </div>
      </div>
    </Card>
  )
}

interface AddProps {
  work: LibraryWork
  project: string
  taken: Set<string>
  close: () => void
}

function Add({ work, project, taken, close }: AddProps) {
  const t = useText()
  const { language } = useLanguage()
  const navigate = useNavigate()
  const { message, modal } = App.useApp()
  const [form] = Form.useForm<{ name: string }>()
  const [busy, setBusy] = useState(false)
  const add = async ({ name }: { name: string }) => {
    setBusy(true)
    try {
      await addFromLibrary(work, project, name)
      void message.success(t('algorithms.added', { name }))
      void navigate(at(project, 'algorithms', name))
    } catch (error) {
      modal.error({ title: t('algorithms.refused'), content: <ErrorWords error={error as Error} />, icon: null })
      setBusy(false)
    }
  }
  return (
    <Modal open title={wordsOf(work.algorithm, language).title} okText={t('algorithms.add')} cancelText={t('action.cancel')} confirmLoading={busy} onCancel={close} onOk={() => form.submit()}>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ name: taken.has(work.name) ? '' : work.name }} onFinish={(fields) => void add(fields)} style={{ marginTop: 16 }}>
        <Form.Item name="name" label={t('algorithms.addAs')} rules={[{ required: true, message: t('form.required') }, { pattern: NAME, message: t('form.name') }]}><Input autoComplete="off" /></Form.Item>
      </Form>
    </Modal>
  )
}

function Reading({ work, close }: { work: LibraryWork; close: () => void }) {
  const { language } = useLanguage()
  const main = work.files.toSorted((a, b) => Number(b.path === 'main.py') - Number(a.path === 'main.py'))
  return (
    <Drawer open onClose={close} size={Math.min(900, innerWidth)} title={wordsOf(work.algorithm, language).title}>
      <Tabs items={main.map(({ path, text }) => ({ key: path, label: path, children: <Code text={text} label={path} /> }))} />
    </Drawer>
  )
}
