import { project, service } from './person'

const inside = ['datasets', 'labeling', 'labeling/new', 'notebooks', 'notebooks/new', 'algorithms', 'algorithms/new', 'algorithms/library', 'environments', 'jobs', 'jobs/new', 'sweeps', 'sweeps/new', 'experiments', 'models', 'services', 'services/new', 'abtests', 'abtests/new', 'applications', 'applications/new', 'apps', 'explore', 'alerts', 'logs', 'logs?live=1', 'logs?is=node:x&not=stream:stderr', 'traces', 'map', 'events']
/** Every page that can be opened without knowing more than a project and a service in it. */
export const PAGES = ['/', '/cluster', '/gpus', '/people', '/queues', '/explore', '/alerts', '/alerts?view=rules', '/alerts?view=silences', '/alerts?view=receivers', '/logs', '/traces', '/map', '/events', '/nodes', '/projects', '/tokens', ...inside.map((one) => `/p/${project}/${one}`), `/p/${project}/services/${service}`, `/p/${project}/apps/${service}`]
