import { alerts } from './alerts'
import { data } from './data'
import { frame } from './frame'
import { jobs } from './jobs'
import { machines } from './machines'
import { objects } from './objects'
import { observe } from './observe'
import { serve } from './serve'

/** The whole catalogue. Each entry has every language, so that none can be forgotten. */
export const MESSAGES = { ...frame, ...objects, ...data, ...jobs, ...serve, ...observe, ...alerts, ...machines } as const
export type MessageKey = keyof typeof MESSAGES
