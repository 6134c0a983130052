// What a machine would do with a new job: start it, let it print, end it.
import { announce } from './kube.mjs'

/** Lines that made-up programs printed, for logs.mjs. */
export const printed = []
let sequence = 0

function print(job, message) {
  sequence += 1
  const { name, namespace } = job.metadata
  printed.push({ _id: `p${sequence}`, _source: { '@timestamp': new Date().toISOString(), message, stream: 'stdout', namespace, pod: `${name}-0`, container: 'main', app: job.spec.application ?? name, user: 'user-17' } })
}

const condition = (type, status, reason, message) => ({ type, status, reason, message, lastTransitionTime: new Date().toISOString() })

export function simulate(job) {
  const change = (status) => {
    job.status = { ...job.status, ...status }
    announce('MODIFIED', 'trainingjobs', job)
  }
  const line = job.spec.command.join(' ')
  if (job.spec.command[0].startsWith('no-such')) {
    const message = `${job.spec.command[0]}: no such program on this machine's PATH. Check spec.command.`
    setTimeout(() => change({ phase: 'Failed', conditions: [condition('Failed', 'True', 'StartError', message)] }), 300)
    return
  }
  setTimeout(() => change({ phase: 'Running', podName: `${job.metadata.name}-0`, attempts: 1, startTime: new Date().toISOString(), conditions: [condition('Ready', 'True', 'Running', '')] }), 300)
  for (const step of [1, 2, 3]) setTimeout(() => print(job, /echo "?([^";$]+)/.exec(line)?.[1].trim().concat(` ${step}`) ?? `step ${step}`), 400 + step * 600)
  setTimeout(() => change({ phase: 'Succeeded', exitCode: 0, completionTime: new Date().toISOString(), conditions: [condition('Complete', 'True', 'Succeeded', 'exit code 0')] }), 3500)
}
