/*! Licenses of the bundled packages: /assets/licences.md */
import{Z as e,_ as t,i as n,n as r,o as i,r as a,t as o,v as s}from"./time-CLl4T1nq.js";import{t as c}from"./actions-sPt1L9Cl.js";import{B as l,G as u,L as d,P as f,T as p,z as m}from"./index-Bn3Tr9Za.js";import{t as h}from"./status-BVNKpSH8.js";import{p as g,t as _}from"./jsxRuntime.module-CnYUX-XB.js";import{n as v}from"./run-words-CBg0-OQI.js";var y=new Set([`host`,`content-length`,`accept-encoding`,`connection`,`transfer-encoding`]);function b({method:e,url:t,headers:n,body:r}){let i=e===`HEAD`?[`--head`]:e===`GET`&&r===null?[]:[`--request`,e],a=n.filter(({name:e})=>!y.has(e.toLowerCase())).map(({name:e,value:t})=>t===``?`${e};`:`${e}: ${t}`),o=r!==null&&!n.some(({name:e})=>e.toLowerCase()===`content-type`)?[`Content-Type:`]:[],s=[...a,...o].map(e=>`--header ${S(e)}`),c=r===null?[]:[`--data-raw ${S(r)}`];return[[`curl`,...x(t),...i,S(t)].join(` `),...s,...c].join(` \\
  `)}function x(e){return[.../[[\]{}]/.test(e)?[`--globoff`]:[],.../\/\.\.?(\/|$|\?)/.test(e)?[`--path-as-is`]:[]]}function S(e){return`'${e.replaceAll(`'`,`'\\''`)}'`}var C=s(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
    redirects
    worker
    acceptedAt
    callback {
      receivedAt
      status
      message
    }
    error {
      message
      hint
    }
    request {
      method
      url
      headers {
        name
        value
      }
    }
    responseHeaders {
      name
      value
    }
    responseBody
    responseTruncated
    timings {
      dns
      connect
      firstByte
      total
    }
  }
`);function w({attempt:e,isOpen:t,body:n=null}){let{number:r,outcome:a,startedAt:s,statusCode:c,durationMs:l,error:u,request:d,timings:f,callback:p,redirects:m}=e;return _(`details`,{class:`attempt`,open:t,children:[_(`summary`,{children:[_(`span`,{class:`number faint`,children:r}),_(h,{status:a??`RUNNING`}),c!==null&&_(`span`,{class:`code`,children:c}),l!==null&&_(`span`,{children:i(l)}),_(`span`,{class:`faint`,children:_(o,{at:s,as:`moment`})}),u&&_(`span`,{class:`message`,children:u.message}),_(`span`,{class:`worker faint`,title:`Process that made the attempt`,children:e.worker})]}),_(`div`,{class:`exchange`,children:[f&&_(E,{...f}),u?.hint&&_(`p`,{class:`faint`,children:u.hint}),d&&_(D,{title:`Request`,first:`${d.method} ${d.url}`,headers:d.headers,body:n,action:_(T,{request:{...d,body:n}})}),m>0&&_(`p`,{class:`faint`,children:m===1?`One redirect was followed.`:`${m} redirects were followed.`}),c!==null&&_(D,{title:`Response`,first:`HTTP ${c}`,headers:e.responseHeaders,body:e.responseBody,isCut:e.responseTruncated}),e.acceptedAt&&_(`p`,{class:`faint`,children:[`The target accepted the work `,_(o,{at:e.acceptedAt,as:`moment`}),p?`, and called back `:`.`,p&&_(o,{at:p.receivedAt,as:`moment`}),p&&`: ${p.status.toLowerCase()}${p.message?`, ${p.message}`:``}`]})]})]})}function T({request:e}){return _(`button`,{type:`button`,class:`quiet`,onClick:()=>{let t=e.headers.some(({value:e})=>e===`***`);navigator.clipboard.writeText(b(e)).then(()=>u(t?`Copied. Replace *** by the secrets.`:`Copied.`),()=>u(`The browser does not allow copying here.`,{isProblem:!0}))},children:[_(p,{}),`Copy as curl`]})}function E({dns:e,connect:t,firstByte:n,total:r}){let a=n??r,o=[{name:`name look-up`,tone:`dns`,took:e},{name:`connection`,tone:`connect`,took:t},{name:`waiting for the response`,tone:`wait`,took:a===null?null:a-(e??0)-(t??0)},{name:`reading it`,tone:`download`,took:n===null||r===null?null:r-n}].filter(({took:e})=>e!==null);return _(g,{children:[_(`div`,{class:`timing-bar`,"aria-hidden":`true`,children:o.map(({tone:e,took:t})=>_(`span`,{class:e,style:{flexGrow:Math.max(t??0,0)}},e))}),_(`ul`,{class:`timings`,children:[o.map(({name:e,tone:t,took:n})=>_(`li`,{class:t,children:[_(`span`,{class:`faint`,children:e}),` `,i(Math.max(n??0,0))]},t)),r!==null&&_(`li`,{children:[_(`span`,{class:`faint`,children:`in all`}),` `,i(r)]})]})]})}function D({title:e,first:t,headers:n,body:r,isCut:i=!1,action:a}){let o=[t,...n.map(({name:e,value:t})=>`${e}: ${t}`)];return _(`div`,{class:`message-part`,children:[_(`h3`,{children:[e,a]}),_(`pre`,{tabIndex:0,children:o.join(`
`)}),r&&_(`pre`,{class:`body`,tabIndex:0,children:O(r)}),i&&_(`p`,{class:`faint`,children:`The rest of the response was not kept.`})]})}function O(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}var k=[`QUEUED`,`RUNNING`,`RETRY`,`WAITING`],A=s(`
    query Run($id: ID!) {
      run(id: $id) {
        id
        taskName
        taskVersion
        status
        trigger
        dueAt
        createdAt
        startedAt
        finishedAt
        nextAttemptAt
        callbackExpectedBy
        reasonText
        waitingText
        cancelRequestedAt
        missedUntil
        missedCount
        discardedAt
        priority
        stepKey
        result
        assignedQueue {
          name
          paused
        }
        workflowRun {
          id
          name
        }
        task {
          id
          version
          job {
            ... on HttpJob {
              jsonBody: body
              bodyText
            }
          }
        }
        error {
          kind
          message
          hint
        }
        replays {
          at
        }
        attempts {
          ...AttemptDetails
        }
      }
    }
  `,[C]),j=s(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`),M=s(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);function N({id:e}){let{data:n,error:r,reread:i}=t(A,{id:e},{concerns:t=>t.of===`task`&&t.runId===e}),o=n?.run;return n&&!o?_(d,{}):_(a,{title:o?`Run of ${o.taskName}`:`Run`,above:_(P,{run:o}),actions:o&&_(F,{run:o}),children:[r&&!o&&_(m,{message:r,retry:i}),!r&&!o&&_(l,{count:6}),o&&_(I,{run:o})]})}function P({run:t}){return t?.workflowRun?_(e,{href:`/workflow-runs/${t.workflowRun.id}`,children:t.workflowRun.name}):t?.task?_(e,{href:`/tasks/${t.task.id}`,children:t.taskName}):_(e,{href:`/runs`,children:`History`})}function F({run:{id:e,status:t,cancelRequestedAt:n}}){let r=k.includes(t),{run:i,isBusy:a,problem:o}=c(r?M:j,{id:e});return _(g,{children:[_(`span`,{class:`problem`,role:`alert`,children:o}),r&&_(`button`,{type:`button`,disabled:a||n!==null,onClick:()=>void i(),children:n===null?`Cancel`:`Being cancelled`}),!r&&t!==`COMPLETED`&&_(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:a,onClick:()=>void i(),children:[_(f,{}),`Retry`]})]})}function I({run:e}){let t=e.waitingText??e.reasonText;return _(g,{children:[_(L,{run:e}),e.error&&_(`div`,{class:`notice bad`,children:[_(`p`,{children:e.error.message}),e.error.hint&&_(`p`,{class:`hint`,children:e.error.hint})]}),t&&_(`p`,{class:e.waitingText?`notice warn`:`notice`,children:t}),e.missedCount!==null&&e.missedUntil&&_(`p`,{class:`notice`,children:[e.missedCount===1?`One due time`:`${e.missedCount} due times`,` passed without a run, until`,` `,_(o,{at:e.missedUntil,as:`moment`}),`.`]}),_(n,{title:`Course`,children:_(R,{run:e})}),e.attempts.length>0&&_(n,{title:e.attempts.length===1?`Attempt`:`${e.attempts.length} attempts`,children:[...e.attempts].reverse().map((t,n)=>_(w,{attempt:t,isOpen:n===0,body:B(e)},t.number))}),e.result!==null&&_(n,{title:`Result`,children:[_(V,{result:e.result}),_(`pre`,{tabIndex:0,children:JSON.stringify(e.result,null,2)})]})]})}function L({run:e}){return _(`p`,{class:`summary`,children:[_(`span`,{"aria-live":`polite`,children:_(h,{status:e.status})}),_(`span`,{children:[`Due `,_(o,{at:e.dueAt,as:`moment`})]}),e.nextAttemptAt&&_(`span`,{children:[`Next attempt `,_(o,{at:e.nextAttemptAt})]}),e.callbackExpectedBy&&_(`span`,{children:[`Callback expected `,_(o,{at:e.callbackExpectedBy})]}),_(`span`,{class:`faint`,children:v[e.trigger]})]})}function R({run:e}){let t=e.startedAt?Date.parse(e.startedAt)-Date.parse(e.dueAt):null,n=e.finishedAt?Date.parse(e.finishedAt):r.value;return _(`dl`,{class:`settings course`,children:[_(z,{name:`Started`,children:e.startedAt?_(o,{at:e.startedAt,as:`moment`}):`not yet`}),t!==null&&_(z,{name:`After it was due`,children:i(Math.max(t,0))}),_(z,{name:`Ended`,children:e.finishedAt?_(o,{at:e.finishedAt,as:`moment`}):`not yet`}),e.startedAt&&_(z,{name:`Took`,children:i(Math.max(n-Date.parse(e.startedAt),0))}),_(z,{name:`Queue`,children:[e.assignedQueue?.name??`–`,e.priority!==0&&`, priority ${e.priority}`,e.assignedQueue?.paused&&`, which is paused`]}),_(z,{name:`Version of the task`,children:e.taskVersion}),e.replays.length>0&&_(z,{name:`Retried by hand`,children:[e.replays.length===1?`once`:`${e.replays.length} times`,`, last `,_(o,{at:e.replays.at(-1)?.at??e.dueAt})]}),e.discardedAt&&_(z,{name:`Discarded`,children:_(o,{at:e.discardedAt})})]})}function z({name:e,children:t}){return _(`div`,{children:[_(`dt`,{children:e}),_(`dd`,{children:t})]})}function B({task:e,taskVersion:t}){return e?.version!==t||e.job.__typename!==`HttpJob`?null:e.job.bodyText??(e.job.jsonBody===null?null:JSON.stringify(e.job.jsonBody))}function V({result:e}){let t=e?.file;return typeof t?.url!=`string`||!/^https?:/.test(t.url)?null:_(`p`,{children:_(`a`,{href:t.url,rel:`noreferrer`,children:String(t.name??`Download the file`)})})}export{N as RunPage};