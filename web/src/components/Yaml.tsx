import { Fragment, useMemo } from 'react'
import { stringify } from 'yaml'
import type { KubeObject } from '../api/meta'
import { useText } from '../i18n'
import { Code } from './Code'

/** An object as YAML, without the bookkeeping that nobody reads. */
export function Yaml({ of }: { of: KubeObject }) {
  const t = useText()
  const text = useMemo(() => {
    const metadata: Record<string, unknown> = { ...of.metadata }
    delete metadata.managedFields
    return stringify({ apiVersion: of.apiVersion, kind: of.kind, ...of, metadata }, { lineWidth: 0 })
  }, [of])
  return (
    <Code text={text} label={t('tab.yaml')}>
      {text.split('\n').map((line, index) => (
        // Lines of a text have no other identity than their place.
        // oxlint-disable-next-line react/no-array-index-key
        <Fragment key={index}>{painted(line)}{'\n'}</Fragment>
      ))}
    </Code>
  )
}

function painted(line: string) {
  const match = /^(\s*(?:- )*)([^\s:][^:]*)(:)(\s.*)?$/.exec(line)
  if (!match) return line
  const [, indent, name, colon, value = ''] = match
  return (
    <>
      {indent}
      <span className="y-key">{name}</span>
      <span className="y-dim">{colon}</span>
      <span className={/^\s["']/.test(value) ? 'y-text' : ''}>{value}</span>
    </>
  )
}
