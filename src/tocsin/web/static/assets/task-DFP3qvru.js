/*! Licenses of the bundled packages: /assets/licences.md */
import{Z as e,_ as t,a as n,c as r,g as i,i as a,o,r as s,t as c,tt as l,v as u}from"./time-BRH1184B.js";import{B as d,F as f,H as p,I as m,K as h,U as g,W as _,_ as v,g as y,j as b,k as x,m as S,n as C,r as w}from"./index-Hs8ExkQT.js";import{t as T}from"./public-links-YaygUB-w.js";import{r as E,t as D}from"./status-BVNKpSH8.js";import{p as O,t as k}from"./jsxRuntime.module-CnYUX-XB.js";import{t as A}from"./actions-C-u-PsqM.js";import{n as j}from"./bulk-DwlDGg7P.js";function M({task:{status:e,nextDueTimes:t}}){return t.length===0?k(`p`,{class:`faint`,children:e===`PAUSED`?`None while it is paused.`:`None.`}):k(`ol`,{class:`times`,children:t.map(e=>k(`li`,{children:[k(c,{at:e,as:`moment`}),k(`span`,{class:`faint`,children:k(c,{at:e})})]},e))})}function N({outcomes:t}){let n=Math.max(...t.map(({durationMs:e})=>e??0),1);return k(`ol`,{class:`strip`,"aria-label":`Latest runs, the latest last`,children:t.map(({runId:t,status:i,dueAt:a,durationMs:s})=>{let{word:c,tone:l}=E(i),u=s===null?``:` after ${o(s)}`,d=`${Math.max(Math.sqrt((s??0)/n)*100,18)}%`;return k(`li`,{children:k(e,{href:`/runs/${t}`,title:`${c}${u}\n${r(Date.parse(a))}`,class:`bar ${l}`,style:{height:d},children:k(`span`,{class:`hidden`,children:c})})},t)})})}var P=u(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { run { id } userErrors { message } } }`),F=u(`mutation DeleteTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);function ee({task:{id:t,name:n,status:r},done:a}){let{client:o}=i(),s=A(P,{id:t}),[,c]=l(),u=r===`PAUSED`,d=()=>void j(o,u?`resume`:`pause`,{ids:[t]}).then(a),p=async()=>{await C({title:`Delete ${n}?`,text:`Its open runs are cancelled; the history is kept. You can undo it for ten seconds.`,action:`Delete`})&&(c(`/tasks`),_(o,F,{ids:[t],text:`${n} is deleted.`,calls:[{id:t}]}))};return k(O,{children:[k(`span`,{class:`problem`,role:`alert`,children:s.problem}),k(`button`,{type:`button`,onClick:()=>void p(),children:[k(x,{}),`Delete`]}),k(e,{href:`/tasks/${t}/edit`,class:`button`,"aria-keyshortcuts":`e`,children:[k(b,{}),`Edit`]}),r!==`CANCELLED`&&k(`button`,{type:`button`,"aria-keyshortcuts":`p`,onClick:d,children:[k(u?m:f,{}),u?`Resume`:`Pause`]}),k(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:s.isBusy,onClick:()=>void s.run(),children:[k(m,{}),`Run now`]})]})}function I({outcomes:e}){let[,t]=l(),n=e.filter(({durationMs:e})=>e!==null),r=n.map(({dueAt:e})=>Date.parse(e)),i=r[0],a=r[r.length-1];if(i===void 0||a===void 0||r.length<2)return null;let s=Math.max((a-i)*.03,1e3),c=n.map(({status:e})=>e===`FAILED`),u=[{name:`Failed`,tone:`bad`,kind:`points`,values:n.map(({durationMs:e},t)=>c[t]?e:null)},{name:`Took`,tone:`accent`,kind:`line`,values:n.map(({durationMs:e})=>e)}];return k(S,{label:`Duration of the latest runs`,summary:`${n.length} runs, ${c.filter(Boolean).length} failed`,times:r,series:u,format:o,from:i-s,to:a+s,onPick:e=>t(`/runs/${n[e]?.runId??``}`)})}var L=u(`
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
  `,[v]),R=/^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/,z=[`d`,`h`,`min`,`s`];function B(e){let t=R.exec(e);return t===null?e:z.flatMap((e,n)=>Number(t[n+1]??0)?[`${Number(t[n+1])} ${e}`]:[]).join(` `)||`0 s`}var V={SKIP:`skip the new run`,QUEUE:`run it after the previous one`,ALLOW:`run both at once`},H={RUN_ONCE:`run once for all`,RUN_ALL:`run each`,SKIP:`run the last one, if it is not too late`};function U({task:e}){let t=[...W(e.job),...K(e),...Y(e)];return k(`dl`,{class:`settings`,children:t.map(([e,t])=>k(`div`,{children:[k(`dt`,{children:e}),k(`dd`,{children:t})]},e))})}function W(e){if(e.__typename===`EmailJob`)return[[`Mail to`,e.to.join(`, `)],[`Subject`,e.subject],[`Text`,k(G,{text:String(e.text)})]];if(e.__typename===`ReportJob`)return[[`Report`,`${e.title} (${e.format})`]];if(e.__typename!==`HttpJob`)return[[`Job`,e.kind]];let t=[...e.hasToken?[`Authorization: Bearer ***`]:[],...e.secretHeaders.map(e=>`${e}: ***`)],n=[...e.headers.map(({name:e,value:t})=>`${e}: ${t}`),...t],r=e.bodyText??(e.bodyForm===null?e.jsonBody:e.bodyForm);return[[`Request`,k(`code`,{children:`${e.method} ${e.url}`})],...n.length>0?[[`Headers`,k(G,{text:n.join(`
`)})]]:[],...r===null?[]:[[`Body`,k(G,{text:typeof r==`string`?r:JSON.stringify(r,null,2)})]],...e.expectCallback?[[`Callback`,`expected within ${B(e.expectCallback.within)}`]]:[]]}function G({text:e}){return k(`pre`,{tabIndex:0,children:e})}function K({schedule:e,misfire:t,overlap:n,retry:r,timeout:i,job:a}){let o=a.__typename===`HttpJob`&&a.connectTimeout?`, ${B(a.connectTimeout)} to connect`:``,s=t.policy===`RUN_ALL`?`, at most ${t.maxRuns}`:``;return[[`Schedule`,k(q,{schedule:e})],[`Retries`,J(r)],[`Timeout`,`${B(i)}${o}`],[`While one still runs`,V[n]??n.toLowerCase()],[`Missed times`,`${H[t.policy]??t.policy.toLowerCase()}${s}; up to ${B(t.grace)} late is on time`]]}function q({schedule:e}){return e.__typename===`OnceSchedule`?k(c,{at:e.at,as:`moment`}):e.__typename===`IntervalSchedule`?k(O,{children:[e.description,` from `,k(c,{at:e.start,as:`moment`}),e.end&&` until `,e.end&&k(c,{at:e.end,as:`moment`})]}):k(O,{children:e.summary})}function J({maxRetries:e,offsets:t,backoff:n,statuses:r}){if(e===0)return`none`;let i=n?`from ${B(n.initial)}, each ${n.factor} times as long, at most ${B(n.max)}`:t.map(B).join(`, `);return`${e}${i&&`, after ${i}`}${r?`, for status ${r.join(`, `)}`:``}`}function Y(e){let{assignedQueue:t,priority:n,alertAfter:r,alertOnMissed:i,pauseAfter:a}=e,o=r===1?`at the first failure`:`after ${r} failures in a row`;return[[`Queue`,`${t?.name??`–`}${n===0?``:`, priority ${n}`}`],[`You are told`,`${o}${i?`, and of missed runs`:``}`],...a===null?[]:[[`Pauses itself`,`after ${a} failures in a row`]],...e.uniqueName?[[`Name`,`unique, so that it can be applied from a file`]]:[],[`Edited`,k(O,{children:[k(c,{at:e.updatedAt}),`, version `,e.version]})],[`Created`,k(c,{at:e.createdAt,as:`moment`})]]}var X={CONSECUTIVE_FAILURES:`The task paused itself after failures in a row. Resume it when their cause is mended.`,UNREADABLE:`The task was paused because it cannot be read. Edit it, then resume it.`};function Z({id:n}){let{data:r,error:i,reread:a}=t(L,{id:n,runs:25},{concerns:e=>e.of===`task`&&e.taskId===n}),o=r?.task;return r&&!o||h(n)?k(d,{}):k(s,{title:o?.name??`Task`,above:k(e,{href:`/tasks`,children:`Tasks`}),actions:o&&k(ee,{task:o,done:a}),children:[i&&!o&&k(p,{message:i,retry:a}),!i&&!o&&k(g,{count:8}),o&&k(Q,{task:o})]})}function Q({task:t}){let n=t.runs.nodes;return k(O,{children:[k($,{task:t}),t.description&&k(`p`,{class:`task-description`,children:t.description}),t.waitingText&&k(`p`,{class:`notice warn`,children:t.waitingText}),t.pauseReason&&X[t.pauseReason]&&k(`p`,{class:`notice warn`,children:X[t.pauseReason]}),t.assignedQueue?.paused&&k(`p`,{class:`notice warn`,children:[`The queue `,k(e,{href:`/queues`,children:t.assignedQueue.name}),` is paused: no run of it starts.`]}),t.recentOutcomes.length>0&&k(a,{title:`Latest outcomes`,children:[k(N,{outcomes:t.recentOutcomes}),k(I,{outcomes:t.recentOutcomes})]}),t.recentOutcomes.length>1&&k(w,{title:`Outcomes and durations`,scope:{taskId:t.id}}),k(`div`,{class:`task-columns`,children:[k(a,{title:`Settings`,children:k(U,{task:t})}),k(a,{title:`Next times`,children:k(M,{task:t})})]}),k(a,{title:`Runs`,aside:k(te,{task:t}),children:n.length>0?k(y,{list:t.id,runs:n}):k(`p`,{class:`faint`,children:`It has not run yet.`})}),k(T,{subject:t.id})]})}function $({task:t}){return k(`p`,{class:`summary`,children:[k(D,{status:t.status}),k(`span`,{title:t.schedule.summary,children:t.schedule.description}),t.nextRunAt&&k(`span`,{children:[`Next due `,k(c,{at:t.nextRunAt})]}),t.consecutiveFailures>0&&k(`span`,{class:`bad-text`,children:[t.consecutiveFailures,` `,t.consecutiveFailures===1?`failure`:`failures in a row`]}),k(`span`,{children:t.tags.map(t=>k(e,{href:`/tasks?tag=${encodeURIComponent(t)}`,class:`tag`,children:t},t))})]})}function te({task:{id:t,runs:r}}){return r.totalCount<=25?null:k(e,{href:`/runs?task=${t}`,children:[`All `,n(r.totalCount,r.totalCountIsExact),` runs`]})}export{Z as TaskPage};