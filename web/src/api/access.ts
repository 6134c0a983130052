import { useQuery } from '@tanstack/react-query'
import { request } from './http'
import type { Resource } from './kinds'
import type { KubeObject } from './meta'

type Verb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete'
interface Review {
  status?: { allowed?: boolean }
}

/**
 * Whether the signed-in person may; undefined while asking. Pages hide what is
 * not allowed; the server decides again when it is done.
 */
export function useCan<T extends KubeObject>(verb: Verb, resource: Resource<T>, namespace?: string): boolean | undefined {
  const { data } = useQuery({
    queryKey: ['can', verb, resource.group, resource.plural, namespace ?? ''],
    staleTime: 60_000,
    queryFn: async () => {
      const review = await request<Review>('/k8s/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        method: 'POST',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb, group: resource.group, resource: resource.plural, ...(namespace && { namespace }) } },
        },
      })
      return review.status?.allowed === true
    },
  })
  return data
}
