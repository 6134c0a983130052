/** Pieces of PromQL that several pages ask with. */

/** `{a,b}` out of matchers; empty ones are left out. */
export const select = (...matchers: string[]): string => {
  const some = matchers.filter(Boolean)
  return some.length ? `{${some.join(',')}}` : ''
}

/** cAdvisor also counts the pod as a whole and its pause container: those are left out. */
export const CONTAINERS = 'container!="",container!="POD"'

/** What a pod asks for when it wants accelerators, as kube-state-metrics writes it. */
export const ACCELERATORS = 'resource=~"nvidia_com_(gpu|mig_.*)|amd_com_gpu|huawei_com_.*"'

/**
 * How busy accelerators are, in percent. A slice has no utilisation of its own: NVML and
 * DCGM tell how much of the time its engine was at work instead.
 */
export const busy = (where: string): string =>
  `(DCGM_FI_DEV_GPU_UTIL${select(where)} or DCGM_FI_PROF_GR_ENGINE_ACTIVE${select(where, 'GPU_I_ID!=""')} * 100)`

/** A share of a running pod's requests: those that wait hold nothing yet. */
export const RUNNING = '* on (namespace, pod) group_left () (kube_pod_status_phase{phase="Running"} == 1)'
