import { useMemo } from 'react'
import { AB_TESTS, ALGORITHMS, APPLICATIONS, DATASETS, ENVIRONMENTS, INFERENCE_SERVICES, LABELING_PROJECTS, NOTEBOOKS, SWEEPS, TRAINING_JOBS } from '../api/kinds'
import { useModels } from '../api/mlflow'
import { useQueues } from '../api/queues'
import { useList } from '../api/useKube'
import { useText } from '../i18n'
import { queueAt } from '../kinds/queues/words'
import { useFrame } from './context'
import { addressOf, GROUPS } from './Navigation'
import { at } from './useProject'

export interface Finding {
  label: string
  kind: string
  to: string
}

const MOST = 30
const POLL_MS = 15_000

/** Pages and objects whose names have all of `words`, then the log search. */
export function useFindings(words: string): Finding[] {
  const t = useText()
  const { project, projects, session } = useFrame()
  const options = { ...(project && { namespace: project }), enabled: project !== undefined, live: POLL_MS }
  const jobs = useList(TRAINING_JOBS, options).data
  const sweeps = useList(SWEEPS, options).data
  const queues = useQueues().data
  const datasets = useList(DATASETS, options).data
  const environments = useList(ENVIRONMENTS, options).data
  const algorithms = useList(ALGORITHMS, options).data
  const services = useList(INFERENCE_SERVICES, options).data
  const tests = useList(AB_TESTS, options).data
  const applications = useList(APPLICATIONS, options).data
  const notebooks = useList(NOTEBOOKS, options).data
  const labelling = useList(LABELING_PROJECTS, options).data
  const models = useModels(project ?? '').data
  return useMemo(() => {
    const pages = GROUPS.flatMap((group) => group.entries)
      .filter((entry) => session.admin || !entry.admin)
      .map((entry) => ({ label: t(entry.title), kind: t('search.page'), to: addressOf(entry, project) ?? '/' }))
    const objects = (kind: string, page: string, names: string[] | undefined) =>
      (names ?? []).map((name) => ({ label: name, kind, to: at(project ?? '', page, name) }))
    const names = (list: { metadata: { name: string } }[] | undefined) => list?.map((one) => one.metadata.name)
    const all: Finding[] = [
      ...objects(t('nav.jobs'), 'jobs', names(jobs)),
      ...objects(t('nav.sweeps'), 'sweeps', names(sweeps)),
      ...objects(t('nav.services'), 'services', names(services)),
      ...objects(t('nav.abtests'), 'abtests', names(tests)),
      ...objects(t('nav.applications'), 'applications', names(applications)),
      ...objects(t('nav.models'), 'models', models?.map((one) => one.name)),
      ...objects(t('nav.datasets'), 'datasets', names(datasets)),
      ...objects(t('nav.labeling'), 'labeling', names(labelling)),
      ...objects(t('nav.notebooks'), 'notebooks', names(notebooks)),
      ...objects(t('nav.algorithms'), 'algorithms', names(algorithms)),
      ...objects(t('nav.environments'), 'environments', names(environments)),
      ...(queues ?? []).map(({ name }) => ({ label: name, kind: t('nav.queues'), to: queueAt(name) })),
      ...(projects ?? []).map(({ name }) => ({ label: name, kind: t('frame.project'), to: at(name, 'jobs') })),
      ...pages,
    ]
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
    const found = all.filter(({ label, kind }) => wanted.every((word) => `${label} ${kind}`.toLowerCase().includes(word)))
      .toSorted((a, b) => Number(b.label.toLowerCase() === wanted[0]) - Number(a.label.toLowerCase() === wanted[0]))
      .slice(0, MOST)
    if (project && words.trim()) {
      found.push({ label: t('search.logs', { words }), kind: t('nav.logs'), to: `${at(project, 'logs')}?q=${encodeURIComponent(words)}` })
    }
    return found
  }, [words, t, project, projects, session.admin, jobs, sweeps, queues, datasets, environments, services, tests, applications, labelling, notebooks, models, algorithms])
}
