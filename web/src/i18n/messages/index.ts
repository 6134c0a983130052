import { abtestForm } from './abtestForm'
import { abtests } from './abtests'
import { alerts } from './alerts'
import { algorithms } from './algorithms'
import { applicationForm } from './applicationForm'
import { applications } from './applications'
import { approvals } from './approvals'
import { data } from './data'
import { environments } from './environments'
import { events } from './events'
import { frame } from './frame'
import { images } from './images'
import { jobs } from './jobs'
import { labeling } from './labeling'
import { ledger } from './ledger'
import { logs } from './logs'
import { machines } from './machines'
import { notebooks } from './notebooks'
import { objects } from './objects'
import { observe } from './observe'
import { queues } from './queues'
import { serve } from './serve'
import { sweeps } from './sweeps'
import { traces } from './traces'

/** The whole catalogue. Each entry has every language, so that none can be forgotten. */
export const MESSAGES = {
  ...frame, ...objects, ...data, ...jobs, ...serve, ...observe, ...alerts, ...approvals, ...machines, ...logs, ...traces, ...events, ...ledger, ...queues, ...sweeps, ...abtests, ...abtestForm, ...applications, ...applicationForm, ...labeling, ...notebooks, ...algorithms, ...images, ...environments,
} as const
export type MessageKey = keyof typeof MESSAGES
