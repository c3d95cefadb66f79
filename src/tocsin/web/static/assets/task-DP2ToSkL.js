/*! Licenses of the bundled packages: /assets/licences.md */
import{A as e,E as t,_ as n,a as r,c as i,g as a,i as o,o as s,r as c,t as l,v as u}from"./time-C_g6slTD.js";import{B as d,E as f,L as p,M as m,N as h,O as g,U as _,V as v,f as y,m as b,n as x,p as S,r as C,z as w}from"./index-BkUuYp-e.js";import{t as T}from"./public-links-fc-ECZa6.js";import{r as E,t as D}from"./status-BVNKpSH8.js";import{p as O,t as k}from"./jsxRuntime.module-CnYUX-XB.js";import{t as A}from"./actions-DXJXMTaF.js";import{n as j}from"./bulk-M8xnlbHb.js";function M({task:{status:e,nextDueTimes:t}}){return t.length===0?k(`p`,{class:`faint`,children:e===`PAUSED`?`None while it is paused.`:`None.`}):k(`ol`,{class:`times`,children:t.map(e=>k(`li`,{children:[k(l,{at:e,as:`moment`}),k(`span`,{class:`faint`,children:k(l,{at:e})})]},e))})}function N({outcomes:e}){let n=Math.max(...e.map(({durationMs:e})=>e??0),1);return k(`ol`,{class:`strip`,"aria-label":`Latest runs, the latest last`,children:e.map(({runId:e,status:r,dueAt:a,durationMs:o})=>{let{word:c,tone:l}=E(r),u=o===null?``:` after ${s(o)}`,d=`${Math.max(Math.sqrt((o??0)/n)*100,18)}%`;return k(`li`,{children:k(t,{href:`/runs/${e}`,title:`${c}${u}\n${i(Date.parse(a))}`,class:`bar ${l}`,style:{height:d},children:k(`span`,{class:`hidden`,children:c})})},e)})})}var P=u(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { run { id } userErrors { message } } }`),F=u(`mutation DeleteTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);function ee({task:{id:n,name:r,status:i},done:o}){let{client:s}=a(),c=A(P,{id:n}),[,l]=e(),u=i===`PAUSED`,d=()=>void j(s,u?`resume`:`pause`,{ids:[n]}).then(o),p=async()=>{await x({title:`Delete ${r}?`,text:`Its open runs are cancelled; the history is kept. You can undo it for ten seconds.`,action:`Delete`})&&(l(`/tasks`),v(s,F,{ids:[n],text:`${r} is deleted.`,calls:[{id:n}]}))};return k(O,{children:[k(`span`,{class:`problem`,role:`alert`,children:c.problem}),k(`button`,{type:`button`,onClick:()=>void p(),children:[k(f,{}),`Delete`]}),k(t,{href:`/tasks/${n}/edit`,class:`button`,"aria-keyshortcuts":`e`,children:[k(g,{}),`Edit`]}),i!==`CANCELLED`&&k(`button`,{type:`button`,"aria-keyshortcuts":`p`,onClick:d,children:[k(u?h:m,{}),u?`Resume`:`Pause`]}),k(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:c.isBusy,onClick:()=>void c.run(),children:[k(h,{}),`Run now`]})]})}function I({outcomes:t}){let[,n]=e(),r=t.filter(({durationMs:e})=>e!==null),i=r.map(({dueAt:e})=>Date.parse(e)),a=i[0],o=i[i.length-1];if(a===void 0||o===void 0||i.length<2)return null;let c=Math.max((o-a)*.03,1e3),l=r.map(({status:e})=>e===`FAILED`),u=[{name:`Failed`,tone:`bad`,kind:`points`,values:r.map(({durationMs:e},t)=>l[t]?e:null)},{name:`Took`,tone:`accent`,kind:`line`,values:r.map(({durationMs:e})=>e)}];return k(b,{label:`Duration of the latest runs`,summary:`${r.length} runs, ${l.filter(Boolean).length} failed`,times:i,series:u,format:s,from:a-c,to:o+c,onPick:e=>n(`/runs/${r[e]?.runId??``}`)})}var L=u(`
    query Task($id: ID!, $runs: Int!) {
      task(id: $id) {
        id
        name
        description
        uniqueName
        status
        tags
        version
        createdAt
        updatedAt
        nextRunAt
        priority
        overlap
        timeout
        waitingText
        pauseReason
        consecutiveFailures
        alertAfter
        alertOnMissed
        pauseAfter
        assignedQueue {
          name
          paused
          depth
        }
        misfire {
          policy
          grace
          maxRuns
        }
        schedule {
          summary
          description
          ... on OnceSchedule {
            at
          }
          ... on IntervalSchedule {
            interval
            start
            end
          }
          ... on CronSchedule {
            expression
            timeZone
          }
        }
        retry {
          maxRetries
          offsets
          statuses
          backoff {
            initial
            factor
            max
          }
        }
        job {
          kind
          ... on HttpJob {
            method
            url
            headers {
              name
              value
            }
            secretHeaders
            hasToken
            jsonBody: body
            bodyText
            bodyForm
            connectTimeout
            expectCallback {
              within
            }
          }
          ... on EmailJob {
            to
            subject
            text: body
          }
          ... on ReportJob {
            title
            format
          }
        }
        nextDueTimes(count: 8)
        recentOutcomes {
          runId
          status
          dueAt
          durationMs
        }
        runs(first: $runs) {
          totalCount
          totalCountIsExact
          nodes {
            ...RunRow
          }
        }
      }
    }
  `,[y]),R=/^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/,z=[`d`,`h`,`min`,`s`];function B(e){let t=R.exec(e);return t===null?e:z.flatMap((e,n)=>Number(t[n+1]??0)?[`${Number(t[n+1])} ${e}`]:[]).join(` `)||`0 s`}var V={SKIP:`skip the new run`,QUEUE:`run it after the previous one`,ALLOW:`run both at once`},H={RUN_ONCE:`run once for all`,RUN_ALL:`run each`,SKIP:`run the last one, if it is not too late`};function U({task:e}){let t=[...W(e.job),...K(e),...Y(e)];return k(`dl`,{class:`settings`,children:t.map(([e,t])=>k(`div`,{children:[k(`dt`,{children:e}),k(`dd`,{children:t})]},e))})}function W(e){if(e.__typename===`EmailJob`)return[[`Mail to`,e.to.join(`, `)],[`Subject`,e.subject],[`Text`,k(G,{text:String(e.text)})]];if(e.__typename===`ReportJob`)return[[`Report`,`${e.title} (${e.format})`]];if(e.__typename!==`HttpJob`)return[[`Job`,e.kind]];let t=[...e.hasToken?[`Authorization: Bearer ***`]:[],...e.secretHeaders.map(e=>`${e}: ***`)],n=[...e.headers.map(({name:e,value:t})=>`${e}: ${t}`),...t],r=e.bodyText??(e.bodyForm===null?e.jsonBody:e.bodyForm);return[[`Request`,k(`code`,{children:`${e.method} ${e.url}`})],...n.length>0?[[`Headers`,k(G,{text:n.join(`
`)})]]:[],...r===null?[]:[[`Body`,k(G,{text:typeof r==`string`?r:JSON.stringify(r,null,2)})]],...e.expectCallback?[[`Callback`,`expected within ${B(e.expectCallback.within)}`]]:[]]}function G({text:e}){return k(`pre`,{tabIndex:0,children:e})}function K({schedule:e,misfire:t,overlap:n,retry:r,timeout:i,job:a}){let o=a.__typename===`HttpJob`&&a.connectTimeout?`, ${B(a.connectTimeout)} to connect`:``,s=t.policy===`RUN_ALL`?`, at most ${t.maxRuns}`:``;return[[`Schedule`,k(q,{schedule:e})],[`Retries`,J(r)],[`Timeout`,`${B(i)}${o}`],[`While one still runs`,V[n]??n.toLowerCase()],[`Missed times`,`${H[t.policy]??t.policy.toLowerCase()}${s}; up to ${B(t.grace)} late is on time`]]}function q({schedule:e}){return e.__typename===`OnceSchedule`?k(l,{at:e.at,as:`moment`}):e.__typename===`IntervalSchedule`?k(O,{children:[e.description,` from `,k(l,{at:e.start,as:`moment`}),e.end&&` until `,e.end&&k(l,{at:e.end,as:`moment`})]}):k(O,{children:e.summary})}function J({maxRetries:e,offsets:t,backoff:n,statuses:r}){if(e===0)return`none`;let i=n?`from ${B(n.initial)}, each ${n.factor} times as long, at most ${B(n.max)}`:t.map(B).join(`, `);return`${e}${i&&`, after ${i}`}${r?`, for status ${r.join(`, `)}`:``}`}function Y(e){let{assignedQueue:t,priority:n,alertAfter:r,alertOnMissed:i,pauseAfter:a}=e,o=r===1?`at the first failure`:`after ${r} failures in a row`;return[[`Queue`,`${t?.name??`–`}${n===0?``:`, priority ${n}`}`],[`You are told`,`${o}${i?`, and of missed runs`:``}`],...a===null?[]:[[`Pauses itself`,`after ${a} failures in a row`]],...e.uniqueName?[[`Name`,`unique, so that it can be applied from a file`]]:[],[`Edited`,k(O,{children:[k(l,{at:e.updatedAt}),`, version `,e.version]})],[`Created`,k(l,{at:e.createdAt,as:`moment`})]]}var X={CONSECUTIVE_FAILURES:`The task paused itself after failures in a row. Resume it when their cause is mended.`,UNREADABLE:`The task was paused because it cannot be read. Edit it, then resume it.`};function Z({id:e}){let{data:r,error:i,reread:a}=n(L,{id:e,runs:25},{concerns:t=>t.of===`task`&&t.taskId===e}),o=r?.task;return r&&!o||_(e)?k(p,{}):k(c,{title:o?.name??`Task`,above:k(t,{href:`/tasks`,children:`Tasks`}),actions:o&&k(ee,{task:o,done:a}),children:[i&&!o&&k(w,{message:i,retry:a}),!i&&!o&&k(d,{count:8}),o&&k(Q,{task:o})]})}function Q({task:e}){let n=e.runs.nodes;return k(O,{children:[k($,{task:e}),e.description&&k(`p`,{class:`task-description`,children:e.description}),e.waitingText&&k(`p`,{class:`notice warn`,children:e.waitingText}),e.pauseReason&&X[e.pauseReason]&&k(`p`,{class:`notice warn`,children:X[e.pauseReason]}),e.assignedQueue?.paused&&k(`p`,{class:`notice warn`,children:[`The queue `,k(t,{href:`/queues`,children:e.assignedQueue.name}),` is paused: no run of it starts.`]}),e.recentOutcomes.length>0&&k(o,{title:`Latest outcomes`,children:[k(N,{outcomes:e.recentOutcomes}),k(I,{outcomes:e.recentOutcomes})]}),e.recentOutcomes.length>1&&k(C,{title:`Outcomes and durations`,scope:{taskId:e.id}}),k(`div`,{class:`task-columns`,children:[k(o,{title:`Settings`,children:k(U,{task:e})}),k(o,{title:`Next times`,children:k(M,{task:e})})]}),k(o,{title:`Runs`,aside:k(te,{task:e}),children:n.length>0?k(S,{runs:n}):k(`p`,{class:`faint`,children:`It has not run yet.`})}),k(T,{subject:e.id})]})}function $({task:e}){return k(`p`,{class:`summary`,children:[k(D,{status:e.status}),k(`span`,{title:e.schedule.summary,children:e.schedule.description}),e.nextRunAt&&k(`span`,{children:[`Next due `,k(l,{at:e.nextRunAt})]}),e.consecutiveFailures>0&&k(`span`,{class:`bad-text`,children:[e.consecutiveFailures,` `,e.consecutiveFailures===1?`failure`:`failures in a row`]}),k(`span`,{children:e.tags.map(e=>k(t,{href:`/tasks?tag=${encodeURIComponent(e)}`,class:`tag`,children:e},e))})]})}function te({task:{id:e,runs:n}}){return n.totalCount<=25?null:k(t,{href:`/runs?task=${e}`,children:[`All `,r(n.totalCount,n.totalCountIsExact),` runs`]})}export{Z as TaskPage};