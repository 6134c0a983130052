import { Fragment, type ReactNode } from 'react'

/** Names and values, one a line; entries without a value are left out. */
export function Facts({ of, right = false }: { of: [string, ReactNode][]; right?: boolean }) {
  const known = of.filter(([, value]) => value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
  return (
    <dl className={`facts numbers ${right ? 'right' : ''}`}>
      {known.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  )
}
