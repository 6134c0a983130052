import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App'
import { fetchPage } from './routes'
// The components' styles as the library ships them: written at run time they cost some 25 ms of drawing Home.
import 'antd/dist/antd.css'
import './theme/base.css'
import './theme/frame.css'
import './theme/components.css'
import './theme/data.css'
import './theme/labeling.css'
import './theme/logs.css'
import './theme/serve.css'
import './theme/terminal.css'
import './theme/traces.css'
import './theme/train.css'

// The page comes while it is still asked who they are.
const opened = fetchPage(window.location.pathname)

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App opened={opened} />
  </StrictMode>,
)
