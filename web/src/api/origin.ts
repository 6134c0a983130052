/** The tenants' origin as this browser reaches it: the platform names the address that it listens on, people may come by another name. */
export function reached(gateway: string, here: { hostname: string } = location): string {
  if (!URL.canParse(gateway)) return gateway
  const url = new URL(gateway)
  url.hostname = here.hostname
  return url.origin
}
