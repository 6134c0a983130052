import { query, request } from './http'

/** A container image of the platform. */
export interface ContainerImage {
  /** `sha256:…` */
  id: string
  names: string[]
  sizeBytes: number
  loadedAt: number
  usedAt: number
  /** Pods that may be seen, as project/pod. */
  usedBy: string[]
}

export interface ContainerImages {
  images: ContainerImage[]
  /** Whether this person may load and delete. */
  mayChange: boolean
}

const IMAGES = '/api/images'

export const listImages = () => request<ContainerImages>(IMAGES)

/** All images of an archive, or none. */
export const loadImages = (archive: File, name: string, signal: AbortSignal) =>
  request<{ images: ContainerImage[] }>(IMAGES + query({ name }), { method: 'POST', body: archive, contentType: 'application/x-tar', signal })

/** By a name or an id; slashes stay, for names have them. */
export const deleteImage = (name: string) => request(`${IMAGES}/${name.split('/').map(encodeURIComponent).join('/')}`, { method: 'DELETE' })
