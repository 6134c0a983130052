import type { ABTest, InferenceService, TrainingJob } from '../../api/generated'
import { INFERENCE_SERVICES, TRAINING_JOBS } from '../../api/kinds'
import { useList } from '../../api/useKube'
import { Lineage, type Step } from '../../components/Lineage'
import { at } from '../../frame/useProject'

const POLL_MS = 10_000

/** data → job → model → service → test: of all variants together. */
export function Ancestry({ test, project }: { test: ABTest; project: string }) {
  const jobs = useList(TRAINING_JOBS, { namespace: project, live: POLL_MS })
  const services = useList(INFERENCE_SERVICES, { namespace: project, live: POLL_MS })
  return <Lineage steps={stepsOf(test, project, services.data ?? [], jobs.data ?? [])} />
}

/** Each thing once, in the order of the variants. */
const once = (steps: Step[]): Step[] => [...new Map(steps.map((step) => [step.label, step])).values()]

export function stepsOf(test: ABTest, project: string, services: InferenceService[], jobs: TrainingJob[]): Step[][] {
  const names = test.spec.variants.map(({ name, service }) => test.status?.variants?.find((one) => one.name === name)?.service ?? service)
  const serving = names.flatMap((name) => services.find(({ metadata }) => metadata.name === name) ?? [])
  const making = serving.flatMap(({ status }) => jobs.find((job) => status?.runId !== undefined && job.status?.runId === status.runId) ?? [])
  const models = test.spec.variants.flatMap(({ name, model }) => test.status?.variants?.find((one) => one.name === name)?.model ?? model ?? [])
  return [
    once(making.flatMap(({ status }) => status?.datasets ?? []).map(({ name, version }) => ({ label: `${name} @ ${version}`, to: at(project, 'datasets', name) }))),
    once(making.map(({ metadata }) => ({ label: metadata.name, to: at(project, 'jobs', metadata.name) }))),
    once(models.map((label) => ({ label, to: at(project, 'models', label.replace('models:/', '').split(/[/@]/)[0] ?? '') }))),
    once(names.flatMap((name) => (name ? [{ label: name, to: at(project, 'services', name) }] : []))),
    [{ label: test.metadata.name, here: true }],
  ]
}
