import { App, Button } from 'antd'
import { CloseOutlined, LinkOutlined, PlusOutlined } from '@ant-design/icons'
import { useParams, useSearchParams } from 'react-router'
import { Card } from '../../components/Card'
import { useFilters } from '../../components/filters'
import { PageHead } from '../../components/PageHead'
import { TimeAxis } from '../../components/plot/axis'
import { useText, type MessageKey } from '../../i18n'
import { Answer, Waiting } from './Answer'
import { Editor } from './Editor'
import { examples } from './examples'

const EXAMPLES = ['explore.cpu', 'explore.memory', 'explore.requests', 'explore.phases'] as const satisfies MessageKey[]

/** Questions in PromQL, each with its answer over the time range. All of them are in the address. */
export function Explore() {
  const t = useText()
  const { project } = useParams()
  const filters = useFilters()
  const { message } = App.useApp()
  const [search, setSearch] = useSearchParams()
  const given = search.getAll('expr')
  const expressions = given.length ? given : ['']
  const put = (next: string[]) =>
    setSearch((before) => {
      const changed = new URLSearchParams(before)
      changed.delete('expr')
      for (const one of next) changed.append('expr', one)
      return changed
    })
  const ask = (place: number, text: string) => put(expressions.map((one, index) => (index === place ? text : one)))
  const share = async () => {
    await navigator.clipboard.writeText(location.href)
    void message.success(t('explore.shared'))
  }
  const asked = expressions.some(Boolean)
  return (
    <>
      <PageHead title={t('nav.explore')} actions={asked && <Button icon={<LinkOutlined />} onClick={() => void share()}>{t('explore.share')}</Button>} />
      <TimeAxis name="explore">
        <div className="stack">
          {expressions.map((expression, index) => (
            // Panels have no other identity than their place.
            // oxlint-disable-next-line react/no-array-index-key
            <Card key={index} {...(expressions.length > 1 && {
              title: t('explore.panel', { number: index + 1 }),
              extra: <Button size="small" type="text" icon={<CloseOutlined />} aria-label={t('explore.drop', { number: index + 1 })} onClick={() => put(expressions.filter((_one, place) => place !== index))} />,
            })}>
              <div className="stack">
                <Editor expression={expression} ask={(text) => ask(index, text)} />
                {!asked && (
                  <div className="row wrap">
                    {examples(project, filters).map((text, place) => <Button key={text} size="small" onClick={() => put([text])}>{t(EXAMPLES[place] ?? 'explore.ask')}</Button>)}
                  </div>
                )}
                {expression && <Answer expression={expression} number={index + 1} />}
              </div>
            </Card>
          ))}
          {asked ? <div><Button icon={<PlusOutlined />} onClick={() => put([...expressions, ''])}>{t('explore.add')}</Button></div> : <Waiting />}
        </div>
      </TimeAxis>
    </>
  )
}
