/*! Licenses of the bundled packages: /assets/licences.md */
import{T as e,a as t,v as n}from"./time-C_g6slTD.js";import{G as r,V as i}from"./index-BkUuYp-e.js";var a=100,o=500,s=n(`
  fragment BulkResult on TaskChangeResult {
    taskId
    run {
      id
    }
    userErrors {
      message
    }
  }
`),c=n(`mutation PauseTasks($ids: [ID!]!) { change: pauseTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[s]),l=n(`mutation ResumeTasks($ids: [ID!]!) { change: resumeTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[s]),u=n(`mutation RunTasks($ids: [ID!]!) { change: runTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[s]),d=n(`mutation DeleteTasks($ids: [ID!]!) { change: deleteTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[s]),f=n(`
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
`),p=n(`mutation CancelRunOf($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`),m={pause:{mutation:c,doing:`Pausing`,done:`paused`,undo:`resume`},resume:{mutation:l,doing:`Resuming`,done:`resumed`,undo:`pause`},run:{mutation:u,doing:`Starting`,done:`started`},delete:{mutation:d,doing:`Deleting`,done:`deleted`}},h=e(null);async function g(e,n,i){let o=m[n],s=`ids`in i?i.ids.length:null,c={changed:[],runs:[],refusals:[]},l=!1,u=()=>{h.value={text:o.doing,done:c.changed.length+c.refusals.length,all:s,stop:()=>l=!0}};u();try{let t=`ids`in i?i.ids:await y(e,i.filter);s=t.length;for(let n=0;n<s&&!l;n+=a)await b(e,o,t.slice(n,n+a),c),u();x(e,o,c,l)}catch(e){r(`${t(c.changed.length)} ${o.done}, then it failed: ${String(e)}`,{isProblem:!0})}finally{h.value=null}}function _(e,t=!0){return t&&e<=o}async function v(e,n){try{let r=`ids`in n?n.ids:await y(e,n.filter);if(!_(r.length))return await g(e,`delete`,{ids:r});let o=Array.from({length:Math.ceil(r.length/a)},(e,t)=>({ids:r.slice(t*a,(t+1)*a)})),s=r.length===1?`1 task is deleted.`:`${t(r.length)} tasks are deleted.`;i(e,d,{ids:r,text:s,calls:o})}catch(e){r(`Nothing was deleted: ${String(e)}`,{isProblem:!0})}}async function y(e,t){let n=[],r=null;for(;;){let{data:i,error:a}=await e.query(f,{filter:t,after:r},{requestPolicy:`network-only`}).toPromise();if(!i)throw Error(a?.graphQLErrors[0]?.message??`The server cannot be reached.`);if(n.push(...i.tasks.nodes.map(({id:e})=>e)),!i.tasks.pageInfo.hasNextPage)return n;r=i.tasks.pageInfo.endCursor}}async function b(e,{mutation:t},n,r){let{data:i,error:a}=await e.mutation(t,{ids:n}).toPromise(),o=i?.change.userErrors[0]?.message;if(!i||o)throw Error(o??a?.graphQLErrors[0]?.message??`The server cannot be reached.`);for(let{taskId:e,run:t,userErrors:n}of i.change.results)n[0]?r.refusals.push(n[0].message):r.changed.push(e),t&&r.runs.push(t.id)}function x(e,{done:n,undo:i},{changed:a,runs:o,refusals:s},c){let l=`${t(a.length)} ${a.length===1?`task`:`tasks`} ${n}`,u=s.length>0?`, ${t(s.length)} refused: ${s[0]??``}`:``,d=i?()=>g(e,i,{ids:a}):o.length>0?()=>S(e,o):void 0;r(`${l}${u}${c?`. Stopped.`:``}`,{isProblem:a.length===0&&s.length>0,...d&&a.length>0&&{undo:d}})}async function S(e,t){for(let n of t)await e.mutation(p,{id:n}).toPromise();r(t.length===1?`The run was cancelled, unless it had ended.`:`The runs were cancelled, unless they had ended.`)}export{h as i,g as n,v as r,_ as t};