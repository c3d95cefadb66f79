/*! Licenses of the bundled packages: /assets/licences.md */
import{X as e,a as t,v as n}from"./time-BRH1184B.js";import{r}from"./client-Dls7rBOr.js";import{J as i,W as a}from"./index-Hs8ExkQT.js";var o=100,s=500,c=n(`
  fragment BulkResult on TaskChangeResult {
    taskId
    run {
      id
    }
    userErrors {
      message
    }
  }
`),l=n(`mutation PauseTasks($ids: [ID!]!) { change: pauseTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[c]),u=n(`mutation ResumeTasks($ids: [ID!]!) { change: resumeTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[c]),d=n(`mutation RunTasks($ids: [ID!]!) { change: runTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[c]),f=n(`mutation DeleteTasks($ids: [ID!]!) { change: deleteTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[c]),p=n(`
  query TaskIds($filter: TaskFilter, $after: String) {
    tasks(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
      }
    }
  }
`),m=n(`mutation CancelRunOf($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`),h={pause:{mutation:l,doing:`Pausing`,done:`paused`,undo:`resume`},resume:{mutation:u,doing:`Resuming`,done:`resumed`,undo:`pause`},run:{mutation:d,doing:`Starting`,done:`started`},delete:{mutation:f,doing:`Deleting`,done:`deleted`}},g=e(null);async function _(e,n,r){let a=h[n],s=`ids`in r?r.ids.length:null,c={changed:[],runs:[],refusals:[]},l=!1,u=()=>{g.value={text:a.doing,done:c.changed.length+c.refusals.length,all:s,stop:()=>l=!0}};u();try{let t=`ids`in r?r.ids:await b(r.filter);s=t.length;for(let n=0;n<s&&!l;n+=o)await x(e,a,t.slice(n,n+o),c),u();S(e,a,c,l)}catch(e){i(`${t(c.changed.length)} ${a.done}, then it failed: ${String(e)}`,{isProblem:!0})}finally{g.value=null}}function v(e,t=!0){return t&&e<=s}async function y(e,n){try{let r=`ids`in n?n.ids:await b(n.filter);if(!v(r.length))return await _(e,`delete`,{ids:r});let i=Array.from({length:Math.ceil(r.length/o)},(e,t)=>({ids:r.slice(t*o,(t+1)*o)})),s=r.length===1?`1 task is deleted.`:`${t(r.length)} tasks are deleted.`;a(e,f,{ids:r,text:s,calls:i})}catch(e){i(`Nothing was deleted: ${String(e)}`,{isProblem:!0})}}async function b(e){let t=[],n=null;for(;;){let{data:i,error:a}=await r(p,{filter:e,after:n});if(!i)throw Error(a?.graphQLErrors[0]?.message??`The server cannot be reached.`);if(t.push(...i.tasks.nodes.map(({id:e})=>e)),!i.tasks.pageInfo.hasNextPage)return t;n=i.tasks.pageInfo.endCursor}}async function x(e,{mutation:t},n,r){let{data:i,error:a}=await e.mutation(t,{ids:n}).toPromise(),o=i?.change.userErrors[0]?.message;if(!i||o)throw Error(o??a?.graphQLErrors[0]?.message??`The server cannot be reached.`);for(let{taskId:e,run:t,userErrors:n}of i.change.results)n[0]?r.refusals.push(n[0].message):r.changed.push(e),t&&r.runs.push(t.id)}function S(e,{done:n,undo:r},{changed:a,runs:o,refusals:s},c){let l=`${t(a.length)} ${a.length===1?`task`:`tasks`} ${n}`,u=s.length>0?`, ${t(s.length)} refused: ${s[0]??``}`:``,d=r?()=>_(e,r,{ids:a}):o.length>0?()=>C(e,o):void 0;i(`${l}${u}${c?`. Stopped.`:``}`,{isProblem:a.length===0&&s.length>0,...d&&a.length>0&&{undo:d}})}async function C(e,t){for(let n of t)await e.mutation(m,{id:n}).toPromise();i(t.length===1?`The run was cancelled, unless it had ended.`:`The runs were cancelled, unless they had ended.`)}export{g as i,_ as n,y as r,v as t};