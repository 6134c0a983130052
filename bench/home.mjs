// Draws Home in a browser: milliseconds from going there to the last thing drawn, each
// time, by the page's own clock, and what the page asked of the metric store.
// Usage: DAIS_LINK=… node bench/home.mjs ADDRESS TIMES
import { createRequire } from 'node:module'

const [address, times] = process.argv.slice(2)
const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))('playwright-core')
const browser = await chromium.launch({ executablePath: process.env.DAIS_CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage({ baseURL: address, viewport: { width: 1440, height: 900 }, locale: 'en-GB' })
  await page.goto(process.env.DAIS_LINK)
  await drawn(page)
  const asked = []
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname
    if (path.startsWith('/prometheus/api/v1/query')) asked.push([path.slice('/prometheus'.length), request.postData() ?? new URL(request.url()).search.slice(1)])
  })
  const took = []
  for (let time = 0; time < Number(times); time += 1) {
    asked.length = 0
    // As somebody who comes back to it: the program of the pages is there.
    await page.goto('about:blank')
    await page.goto('/', { waitUntil: 'commit' })
    took.push(await drawn(page))
  }
  console.log(JSON.stringify({ drawn_ms: took, asked }))
} finally {
  await browser.close()
}

/** When the rings were there, the tables too, and nothing was still loading. */
async function drawn(page) {
  const found = await page.waitForFunction(() => {
    const rings = document.querySelectorAll('[role=img][aria-label$="%"]').length
    const whole = rings >= 2 && document.querySelectorAll('table tbody tr').length > 2 && !document.querySelector('[aria-busy=true],[aria-busy=""]')
    return whole && performance.now()
  }, undefined, { polling: 'raf', timeout: 30_000 })
  return found.jsonValue()
}
