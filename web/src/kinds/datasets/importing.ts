import type { TrainingJob } from '../../api/generated'

export type From = 'web' | 's3' | 'sql'

export interface Import {
  from: From
  /** One a line where it is the web. */
  address: string
  /** Of an S3 server. */
  endpoint?: string | undefined
  query?: string | undefined
  file?: string | undefined
  /** Name of a Secret. */
  secret?: string | undefined
}

/** As `dais import` calls them. */
const KEYS = ['username', 'password', 'token', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_REGION', 'AWS_ENDPOINT_URL']
const SCHEMES: Record<From, RegExp> = { web: /^https?:\/\/[^/]/, s3: /^s3:\/\/[^/]/, sql: /^(postgres|postgresql|mysql|mariadb):\/\/[^/]/ }

export const addresses = ({ address }: Pick<Import, 'address'>) => address.split('\n').map((line) => line.trim()).filter(Boolean)

/** Whether every address is of its kind, and none holds a password, which everybody could read in the job. */
export function wrongAddress(draft: Pick<Import, 'address' | 'from'>): 'import.badAddress' | 'import.hasPassword' | undefined {
  const all = addresses(draft)
  if (all.length === 0 || !all.every((one) => SCHEMES[draft.from].test(one))) return 'import.badAddress'
  return all.some((one) => /^\w+:\/\/[^/@]*:[^/@]*@/.test(one)) ? 'import.hasPassword' : undefined
}

/** The job that `dais import` makes: it fetches with the project's rights, network and quota. */
export function importJob(project: string, dataset: string, draft: Import): TrainingJob {
  const option = (name: string, value: string | undefined) => (value?.trim() ? [name, value.trim()] : [])
  const { from, secret } = draft
  const command = [
    'dais', 'import', '--here',
    ...(from === 'sql' ? option('--query', draft.query) : []),
    ...(from === 's3' ? option('--endpoint', draft.endpoint) : []),
    '--file', draft.file?.trim() || 'rows.csv', '--', dataset, ...addresses(draft),
  ]
  const env = secret?.trim() ? [
    ...KEYS.map((key) => ({ name: `DAIS_SOURCE_${key.toUpperCase()}`, valueFrom: { secretKeyRef: { name: secret.trim(), key, optional: true } } })),
    { name: 'DAIS_SOURCE_SECRET', value: secret.trim() },
  ] : []
  return {
    apiVersion: 'dais.io/v1alpha1', kind: 'TrainingJob',
    metadata: { name: '', generateName: `import-${dataset.slice(0, 40)}-`, namespace: project },
    spec: { command, retries: 2, ...(env.length > 0 && { env }) },
  }
}
