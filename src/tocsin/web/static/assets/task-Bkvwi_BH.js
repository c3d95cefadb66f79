/*! Licenses of the bundled packages: /assets/licences.md */
import{c as e,d as t,m as n,n as r,o as i,s as a,t as o,u as s}from"./index-CINajjmD.js";import{t as c}from"./actions-CSQUApiW.js";import{N as l,_ as u,d,f,i as p,r as m,s as h,t as g,u as _,v}from"./time-Dta3RUlp.js";var y=50;function b({runs:e}){let t=e.slice(0,y).reverse(),r=Math.max(...t.map(x),1);return f(`ol`,{class:`strip`,"aria-label":`Latest runs, the latest last`,children:t.map(e=>{let{word:t,tone:i}=s(e.status),a=`${Math.max(Math.sqrt(x(e)/r)*100,18)}%`;return f(`li`,{children:f(n,{href:`/runs/${e.id}`,title:`${t}\n${h(Date.parse(e.dueAt))}`,class:`bar ${i}`,style:{height:a},children:f(`span`,{class:`hidden`,children:t})})},e.id)})})}function x({startedAt:e,finishedAt:t}){return e&&t?Math.max(Date.parse(t)-Date.parse(e),0):0}var S=v(`
    query Task($id: ID!) {
      task(id: $id) {
        id
        name
        status
        tags
        nextRunAt
        queue
        priority
        overlap
        timeout
        waitingText
        consecutiveFailures
        schedule {
          summary
        }
        retry {
          maxRetries
          offsets
        }
        job {
          kind
          ... on HttpJob {
            method
            url
          }
        }
        runs(first: 50) {
          totalCount
          totalCountIsExact
          nodes {
            ...RunRow
          }
        }
      }
    }
  `,[i]),C=v(`mutation PauseTask($id: ID!) { pauseTask(input: { id: $id }) { userErrors { message } } }`),w=v(`mutation ResumeTask($id: ID!) { resumeTask(input: { id: $id }) { userErrors { message } } }`),T=v(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { userErrors { message } } }`);function E({id:e}){let{data:r,error:i,reread:a}=u(S,{id:e},{concerns:t=>t.of===`task`&&t.taskId===e}),o=r?.task;return r&&!o?f(t,{}):f(m,{title:o?.name??`Task`,above:f(n,{href:`/tasks`,children:`Tasks`}),actions:o&&f(D,{task:o}),children:[i&&!o&&f(_,{message:i,retry:a}),!i&&!o&&f(d,{count:8}),o&&f(O,{task:o})]})}function D({task:{id:e,status:t}}){let n=c(T,{id:e}),i=c(t===`PAUSED`?w:C,{id:e});return f(l,{children:[f(`span`,{class:`problem`,role:`alert`,children:n.problem||i.problem}),f(`button`,{type:`button`,disabled:i.isBusy,onClick:()=>void i.run(),children:[f(t===`PAUSED`?r:o,{}),t===`PAUSED`?`Resume`:`Pause`]}),f(`button`,{type:`button`,class:`main`,disabled:n.isBusy,onClick:()=>void n.run(),children:[f(r,{}),`Run now`]})]})}function O({task:t}){let n=t.runs.nodes;return f(l,{children:[f(`p`,{class:`summary`,children:[f(e,{status:t.status}),t.nextRunAt&&f(`span`,{children:[`Next due `,f(g,{at:t.nextRunAt})]}),t.consecutiveFailures>0&&f(`span`,{class:`bad-text`,children:[t.consecutiveFailures,` failures in a row`]}),t.tags.map(e=>f(`span`,{class:`tag`,children:e},e))]}),t.waitingText&&f(`p`,{class:`notice warn`,children:t.waitingText}),n.length>0&&f(p,{title:`Latest outcomes`,children:f(b,{runs:n})}),f(p,{title:`Settings`,children:f(k,{task:t})}),f(p,{title:`Runs`,children:n.length>0?f(a,{runs:n}):f(`p`,{class:`faint`,children:`It has not run yet.`})})]})}function k({task:e}){let{job:t,schedule:n,retry:r}=e,i=r.offsets.map(e=>e.replace(/^PT?/,``).toLowerCase()).join(`, `),a=[[`Schedule`,n.summary],[`Job`,t.__typename===`HttpJob`?`${t.method} ${t.url}`:t.kind],[`Retries`,r.maxRetries===0?`none`:`${r.maxRetries}${i?`, after ${i}`:``}`],[`Timeout`,e.timeout.replace(/^PT/,``).toLowerCase()],[`Overlap`,e.overlap.toLowerCase()],[`Queue`,e.priority===0?e.queue:`${e.queue}, priority ${e.priority}`]];return f(`dl`,{class:`settings`,children:a.map(([e,t])=>f(`div`,{children:[f(`dt`,{children:e}),f(`dd`,{children:t})]},e))})}export{E as TaskPage};