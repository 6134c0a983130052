import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App'
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

// What most people open first comes while it is still asked who they are.
if (window.location.pathname === '/') void import('./kinds/home/Home')

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
