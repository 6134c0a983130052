// Pictures of every page, for looking at them: node dev/shots.mjs [name …]
//   SHOTS_URL (a server that runs), CHROMIUM, widths, themes and languages from VARIANTS.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const base = process.env.SHOTS_URL ?? 'http://127.0.0.1:5173'
const out = process.env.SHOTS_DIR ?? join(process.cwd(), 'shots')
const only = process.argv.slice(2)
const user = process.env.SHOTS_USER ?? 'user-17'
const p = process.env.SHOTS_PROJECT ?? 'credit-score'
const PAGES = {
  home: '/', jobs: `/p/${p}/jobs`, job: `/p/${p}/jobs/digits-forest-7`, 'job-done': `/p/${p}/jobs/digits-forest-6`, 'job-failed': `/p/${p}/jobs/digits-shuffled`, 'job-pending': `/p/${p}/jobs/card-embeddings`, 'job-logs': `/p/${p}/jobs/digits-forest-7/logs`,
  'job-many': `/p/${p}/jobs/cards-distributed`, 'job-big': `/p/${p}/jobs/ocr-big`, 'job-stopped': `/p/${p}/jobs/digits-halted`, 'job-trial': `/p/${p}/jobs/card-boost-28`,
  sweeps: `/p/${p}/sweeps`, 'sweeps-none': '/p/empty/sweeps', sweep: `/p/${p}/sweeps/card-boost`, 'sweep-done': `/p/${p}/sweeps/card-boost-first`, 'sweep-chosen': `/p/${p}/sweeps/card-boost?trials=2.7.9`, 'sweep-failed': `/p/${p}/sweeps/ocr-width`, 'sweep-early': `/p/${p}/sweeps/tiny`, 'sweep-trials': `/p/${p}/sweeps/card-boost/trials`, 'sweep-new': `/p/${p}/sweeps/new`, queues: '/queues', queue: '/queues/train', 'queue-held': '/queues/nightly',
  'job-events': `/p/${p}/jobs/digits-forest-7/events`, 'job-yaml': `/p/${p}/jobs/digits-forest-7/yaml`, 'job-new': `/p/${p}/jobs/new`, datasets: `/p/${p}/datasets`, dataset: `/p/${p}/datasets/digits`,
  environments: `/p/${p}/environments`, environment: `/p/${p}/environments/sklearn`, 'environment-bad': `/p/${p}/environments/legacy`, experiments: `/p/${p}/experiments`, experiment: `/p/${p}/experiments/1`,
  compare: `/p/${p}/experiments/1/compare?runs=a3f0c1d2e4b5468790aabbccddeeff01,b7e1c1d2e4b5468790aabbccddeeff02`, run: `/p/${p}/experiments/1/runs/b7e1c1d2e4b5468790aabbccddeeff02`, models: `/p/${p}/models`, model: `/p/${p}/models/digits`,
  services: `/p/${p}/services`, service: `/p/${p}/services/digits`, 'service-bad': `/p/${p}/services/fraud-graph`, 'service-rolling': `/p/${p}/services/digits-canary`, 'service-starting': `/p/${p}/services/scorer`, 'service-promoting': `/p/${p}/services/digits-next`, 'service-back': `/p/${p}/services/digits-back`, 'service-asleep': `/p/${p}/services/reranker`, 'service-try': `/p/${p}/services/digits/try`, 'service-new': `/p/${p}/services/new?model=models:/digits/7`,
  abtests: `/p/${p}/abtests`, 'abtests-none': '/p/empty/abtests', abtest: `/p/${p}/abtests/digits-test`, 'abtest-won': `/p/${p}/abtests/spring-offer`, 'abtest-split': `/p/${p}/abtests/wrong-split`, 'abtest-many': `/p/${p}/abtests/which-offer`, 'abtest-begins': `/p/${p}/abtests/begins`, 'abtest-waits': `/p/${p}/abtests/waits`, 'abtest-harmed': `/p/${p}/abtests/harmful`, 'abtest-promoted': `/p/${p}/abtests/took-over`, 'abtest-metrics': `/p/${p}/abtests/which-offer/metrics`, 'abtest-new': `/p/${p}/abtests/new?service=digits&model=models:/digits/8`,
  applications: `/p/${p}/applications`, 'applications-none': '/p/empty/applications', application: `/p/${p}/applications/score-board`, 'application-bad': `/p/${p}/applications/label-tool`, 'application-nightly': `/p/${p}/applications/nightly-clean`, 'application-releases': `/p/${p}/applications/score-board/releases`, 'application-new': `/p/${p}/applications/new`,
  explore: `/p/${p}/explore?expr=${encodeURIComponent('sum by (service) (rate(dais_gateway_requests_total[1m]))')}`, 'explore-two': `/p/${p}/explore?expr=${encodeURIComponent('sum by (service) (rate(dais_gateway_requests_total[1m]))')}&expr=${encodeURIComponent('rate(node_load1[5m])')}`, logs: `/p/${p}/logs?since=15m`, 'logs-live': `/p/${p}/logs?live=1&app=digits`, traces: `/p/${p}/traces`, trace: `/p/${p}/traces/a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d6?critical=1`, alerts: '/alerts', 'alerts-project': `/p/${p}/alerts`, rules: '/alerts?view=rules', silences: '/alerts?view=silences&over=1', receivers: '/alerts?view=receivers', apps: `/p/${p}/apps`, app: `/p/${p}/apps/digits`, 'app-none': `/p/${p}/apps/no-such`, cluster: '/cluster', gpus: '/gpus', gpu: '/gpus/GPU-3f1c0003-0000-4000-8000-000000000000', people: '/people', person: '/people/user-17', nodes: '/nodes', node: '/nodes/train-01', projects: '/projects', accounts: '/accounts', audit: '/audit', tokens: '/tokens', signin: '/sign-in', 'trace-compare': `/p/${p}/traces/compare?a=a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d6&b=a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d9`, map: `/p/${p}/map`, 'map-all': '/map', events: `/p/${p}/events?since=24h`, 'events-all': '/events?is=fields.event.kind:Node&since=24h', 'events-none': '/p/empty/events', 'logs-all': '/logs?is=node:train-01&not=stream:stderr&columns=namespace,app', 'logs-bad': `/p/${p}/logs?q=((`,
}
const variants = (process.env.VARIANTS ?? 'light-zh-1440').split(',')
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
mkdirSync(out, { recursive: true })
for (const variant of variants) {
  const [theme, language, width] = variant.split('-')
  const context = await browser.newContext({ viewport: { width: Number(width), height: Number(width) < 600 ? 844 : 900 }, deviceScaleFactor: 1 })
  if (user) await context.addCookies([{ name: 'dais-dev', value: user, url: base }])
  await context.addInitScript(([mode, tongue]) => { localStorage.setItem('dais.theme', mode); localStorage.setItem('dais.language', tongue) }, [theme, language === 'zh' ? 'zh-CN' : 'en'])
  const page = await context.newPage()
  page.on('pageerror', (error) => console.log(variant, page.url(), 'ERROR', error.message.slice(0, 300)))
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(variant, page.url(), message.text().slice(0, 300)))
  for (const [name, path] of Object.entries(PAGES)) {
    if (only.length && !only.includes(name)) continue
    if (name === 'signin') await context.clearCookies()
    await page.goto(base + path)
    await page.waitForSelector('h1, .empty')
    await page.waitForTimeout(1300)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (wide > 0) console.log(variant, name, 'overflows by', wide)
    await page.screenshot({ path: join(out, `${name}-${variant}.png`), fullPage: true })
  }
  await context.close()
}
await browser.close()
